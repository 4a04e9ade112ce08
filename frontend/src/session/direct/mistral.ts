/** Mistral's realtime wire in a browser: what is sent, and a careful look at what comes. */
import type { LiveSegment, Turn, Error as WireError } from "../../generated/protocol";

/** Codes of the table that a provider's own failures have. */
export type ProviderFailure =
  | "provider_rejected"
  | "provider_rate_limited"
  | "provider_unavailable";

export type Failure = Omit<WireError, "type">;

/** Rows of the table of codes; the whole of it would weigh on every page's first load. */
export const FAILURES: Readonly<Record<ProviderFailure, Failure>> = {
  provider_rejected: {
    code: "provider_rejected",
    message: "The provider refused the request.",
    retryable: false,
  },
  provider_rate_limited: {
    code: "provider_rate_limited",
    message: "The provider is busy.",
    retryable: true,
  },
  provider_unavailable: {
    code: "provider_unavailable",
    message: "The provider cannot be reached.",
    retryable: true,
  },
};

export type ProviderEvent =
  | { readonly type: "created" }
  | { readonly type: "delta"; readonly text: string }
  | { readonly type: "language"; readonly language: string }
  | LiveSegment
  | Turn
  | { readonly type: "done"; readonly text: string; readonly language?: string }
  | { readonly type: "error"; readonly code: ProviderFailure }
  /** Says nothing to a person, and that someone is there. */
  | { readonly type: "other" };

const TURNS: Readonly<Record<string, Turn["event"]>> = {
  "turn.start": "start",
  "turn.eager_end": "eager_end",
  "turn.resume": "resume",
  "turn.end": "end",
};

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** What the code of an `error` event means: an HTTP status, or a number of the provider's own. */
function errorCode(error: unknown): ProviderFailure {
  const code = object(error).code;
  if (code === 429) return "provider_rate_limited";
  const refused = [400, 404, 413, 415, 422].includes(code as number);
  return refused ? "provider_rejected" : "provider_unavailable";
}

function segment(event: Readonly<Record<string, unknown>>): ProviderEvent {
  const { text, start, end, speaker_id: speaker, score } = event;
  if (typeof text !== "string") return { type: "other" };
  return {
    type: "segment",
    text,
    ...(typeof start === "number" ? { start } : {}),
    ...(typeof end === "number" ? { end: Math.max(end, Number(start) || 0) } : {}),
    ...(typeof speaker === "string" ? { speaker } : {}),
    ...(typeof score === "number" ? { score } : {}),
  };
}

/** Returns undefined for what is no event; one of an unknown type becomes `other`. */
export function parseProviderEvent(data: unknown): ProviderEvent | undefined {
  if (typeof data !== "string") return undefined;
  let event: Readonly<Record<string, unknown>>;
  try {
    event = object(JSON.parse(data));
  } catch {
    return undefined;
  }
  const { type, text, language, audio_language: heard, time_s: at, end_reason: reason } = event;
  if (typeof type !== "string") return undefined;
  switch (type) {
    case "session.created":
      return { type: "created" };
    case "transcription.text.delta":
      return typeof text === "string" ? { type: "delta", text } : { type: "other" };
    case "transcription.language":
      return typeof heard === "string" ? { type: "language", language: heard } : { type: "other" };
    case "transcription.done":
      if (typeof text !== "string") return { type: "error", code: "provider_unavailable" };
      return { type: "done", text, ...(typeof language === "string" ? { language } : {}) };
    case "transcription.segment":
      return segment(event);
    case "error":
      return { type: "error", code: errorCode(event.error) };
    default: {
      const turn = TURNS[type];
      if (!turn) return { type: "other" };
      return {
        type: "turn",
        event: turn,
        ...(typeof at === "number" ? { at } : {}),
        ...(typeof reason === "string" ? { end_reason: reason } : {}),
      };
    }
  }
}

/** So many characters are made of codes at once: more arguments than that overflow the stack. */
const CHUNK = 0x8000;

/** `input_audio.append`; one character is one byte of it. */
export function appendMessage(pcm: Int16Array<ArrayBuffer>): string {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return `{"audio":"${btoa(binary)}","type":"input_audio.append"}`;
}

export const END_MESSAGES = ['{"type":"input_audio.flush"}', '{"type":"input_audio.end"}'] as const;
