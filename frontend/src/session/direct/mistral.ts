/** Mistral's realtime wire in a browser: what is sent, and a careful look at what comes. */
import type { ErrorCode, RealtimeToken } from "../../generated/protocol";

export type ProviderEvent =
  | { readonly type: "created" }
  | { readonly type: "delta"; readonly text: string }
  | { readonly type: "language"; readonly language: string }
  | { readonly type: "done"; readonly text: string; readonly language?: string }
  | { readonly type: "error"; readonly code: ErrorCode }
  /** Says nothing to a person, and that somebody is there. */
  | { readonly type: "other" };

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** What the code of an `error` event means: an HTTP status, or a number of the provider's own. */
function errorCode(error: unknown): ErrorCode {
  const code = object(error).code;
  if (code === 429) return "provider_rate_limited";
  const refused = [400, 404, 413, 415, 422].includes(code as number);
  return refused ? "provider_rejected" : "provider_unavailable";
}

/** Returns undefined for what is no event; one of an unknown type is told as `other`. */
export function parseProviderEvent(data: unknown): ProviderEvent | undefined {
  if (typeof data !== "string") return undefined;
  let event: Readonly<Record<string, unknown>>;
  try {
    event = object(JSON.parse(data));
  } catch {
    return undefined;
  }
  const { type, text, language, audio_language: heard } = event;
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
    case "error":
      return { type: "error", code: errorCode(event.error) };
    default:
      return { type: "other" };
  }
}

/** `session.update`: the options as the token's answer has them. */
export function updateMessage(token: RealtimeToken): string {
  const { audio_format, language, context_bias, target_streaming_delay_ms } = token;
  // What is undefined is left out.
  const session = { audio_format, target_streaming_delay_ms, context_bias, language };
  return JSON.stringify({ type: "session.update", session });
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
