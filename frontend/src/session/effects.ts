/** What happens to a live session, what its decisions ask for, and what it shows. */
import type * as Wire from "../generated/protocol";
import type { ServerMessage } from "./messages";

/** Close codes that a client may send (RFC 6455, 7.4). */
export const CLOSE_NORMAL = 1000;
/** The link is given up, and another may follow. */
export const CLOSE_GIVEN_UP = 4000;

export type SessionInput =
  | { readonly type: "start" }
  /** 16 kHz s16le, from the first sample on, whether or not anything is connected. */
  | { readonly type: "audio"; readonly pcm: Int16Array<ArrayBuffer> }
  /** No more audio: what is left is sent, and the final text awaited. */
  | { readonly type: "stop" }
  /** Ends everything at once; nothing brings it back. */
  | { readonly type: "cancel" }
  /** Takes the place of another session of the same person. */
  | { readonly type: "takeOver"; readonly sessionId: string }
  | { readonly type: "online"; readonly online: boolean }
  | { readonly type: "token"; readonly link: number; readonly token: string }
  | { readonly type: "tokenFailed"; readonly link: number; readonly failure: Failure }
  | { readonly type: "opened"; readonly link: number }
  | { readonly type: "message"; readonly link: number; readonly message: ServerMessage }
  | { readonly type: "closed"; readonly link: number; readonly code: number }
  | { readonly type: "tick" };

export type Effect =
  /** Ask for an access token; a fresh one when `refresh` is set. */
  | { readonly type: "token"; readonly link: number; readonly refresh: boolean }
  | { readonly type: "connect"; readonly link: number }
  | {
      readonly type: "send";
      readonly link: number;
      readonly data: string | Int16Array<ArrayBuffer>;
    }
  /** Close the link's socket and forget it; a link whose socket is closed already is only forgotten. */
  | { readonly type: "close"; readonly link: number; readonly code: number };

export type Phase =
  | "idle"
  | "connecting"
  | "listening"
  | "reconnecting"
  | "finishing"
  | "ended"
  | "failed";

export interface SessionFailure {
  readonly code: Wire.ErrorCode | "unreachable" | "sign_in_failed";
  readonly message: string;
  /** Of a sign-in that failed. */
  readonly reason?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
}

export interface SessionView {
  readonly phase: Phase;
  readonly text: string;
  /** As detected, ISO 639-1. */
  readonly language: string | undefined;
  /** The browser says that there is no network. */
  readonly offline: boolean;
  /** Milliseconds of audio that wait to be sent. */
  readonly lagMs: number;
  /** Seconds of live words left, once the server has said so. */
  readonly secondsLeft: number | undefined;
  /** Fields of `start` that the live model has no use for. */
  readonly ignored: readonly string[];
  /** Which limit ended it. */
  readonly reason: Wire.Final["reason"];
  readonly failure: SessionFailure | undefined;
  /** The same person's sessions that hold the place, while they do. */
  readonly openSessions: readonly string[];
}

/** Why a session was lost, and whether to try again. */
export interface Failure extends SessionFailure {
  readonly retryable: boolean;
  /** Whether it may succeed with a fresh access token. */
  readonly afterRefresh?: boolean;
}

export const UNREACHABLE: Failure = {
  code: "unreachable",
  message: "The transcription service cannot be reached.",
  retryable: true,
};

/** What a session asks of its surroundings, beside its effects. */
export interface SessionPorts {
  /** Bytes that a link's socket has not sent yet. */
  buffered(link: number): number;
  /** Whether half a second or more between two samples is probably a voice. */
  hasVoice(pcm: Int16Array, from: number, to: number): boolean;
  /** From 0 to 1, for jitter. */
  random(): number;
}
