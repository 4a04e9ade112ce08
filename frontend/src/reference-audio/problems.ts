/** What goes wrong, in words for the person whose take it is, each with its way out. */
import { FAULT_WORDS, type SourceFault } from "../audio/source";
import { FILES } from "../generated/constants";
import type { AudioLimits } from "../generated/protocol";
import type { LiveView } from "../session/live";
import type { FileFault } from "../take/inspect";
import { clock, megabytes, spokenSeconds } from "../ui/format";
import type { CallFailure } from "./call-failure";

/** What the component offers to do about it. */
export type WayOut =
  | "allow-microphone"
  | "upload-instead"
  | "try-again"
  | "download"
  | "take-over"
  | "sign-in";

export interface Problem {
  readonly words: string;
  readonly waysOut: readonly WayOut[];
}

type RecorderFault = SourceFault | "lost" | "stuck";

export function sourceProblem(fault: RecorderFault): Problem {
  if (fault === "stuck") {
    return {
      words: "No sound comes from the microphone. Choose another one, then go on or stop.",
      waysOut: [],
    };
  }
  const words = FAULT_WORDS[fault];
  if (fault === "lost") {
    return { words: `${words} What you recorded is kept; go on or stop.`, waysOut: [] };
  }
  const allow = fault === "denied" ? (["allow-microphone"] as const) : [];
  return { words, waysOut: [...allow, "upload-instead"] };
}

export function fileProblem(fault: FileFault, limits: AudioLimits): Problem {
  const kinds = titles(limits).join(", ");
  const words: Readonly<Record<FileFault, string>> = {
    kind: `This kind of file cannot be used. These can: ${kinds}.`,
    empty: "This file is empty.",
    size: `This file is too large. At most ${megabytes(limits.max_bytes)} fit.`,
    unreadable: "This file cannot be read. It may have been moved or changed.",
  };
  return { words: words[fault], waysOut: [] };
}

function quota(retryAt: number | undefined): string {
  if (retryAt === undefined) return "You have used today's minutes.";
  return `You have used today's minutes. They return at ${clock(retryAt)}.`;
}

const SIGNED_OUT: Problem = {
  words: "Please sign in again. Your recording is kept.",
  waysOut: ["sign-in"],
};

const OWN_KEY = {
  own_key_required: "To transcribe here you need a Mistral key of your own.",
  own_key_refused: "Mistral refused your own key. Check, replace or delete it.",
  own_key_unreadable: "Your own Mistral key can no longer be read. Store it again, or delete it.",
} as const;

/** Why there is no transcript of the whole take. */
export function transcriptionProblem(failure: CallFailure, isAnonymous = false): Problem {
  switch (failure.code) {
    case "signed_out":
    case "token_expired":
    case "unauthenticated":
      return SIGNED_OUT;
    case "sign_in_failed":
      return {
        words: `${failure.detail} Your recording is safe.`,
        waysOut: ["sign-in", "try-again", "download"],
      };
    case "quota_exceeded":
      if (isAnonymous) {
        return {
          words: `${quota(failure.retryAt)} Sign in for more, or type what you said. Your recording is safe.`,
          waysOut: ["sign-in", "download"],
        };
      }
      return {
        words: `${quota(failure.retryAt)} Your recording is safe: type what you said.`,
        waysOut: ["download"],
      };
    case "own_key_required":
    case "own_key_refused":
    case "own_key_unreadable":
      return {
        words: `${OWN_KEY[failure.code]} Your recording is safe: type what you said, or try again.`,
        waysOut: ["try-again", "download"],
      };
    case "transcription_disabled":
      return { words: "Transcription is off; type what you said.", waysOut: [] };
    case "budget_exceeded":
      return {
        words: "Transcription is paused for today. Your recording is safe: type what you said.",
        waysOut: ["download"],
      };
    case "request_in_progress":
      return {
        words: "This recording is being transcribed already. Try again in a moment.",
        waysOut: ["try-again", "download"],
      };
    case "request_timeout":
      return {
        words: "The upload was too slow. Your recording is safe: try again, or type what you said.",
        waysOut: ["try-again", "download"],
      };
    case "invalid_audio":
    case "unsupported_audio":
    case "payload_too_large":
      return { words: failure.detail, waysOut: [] };
    default:
      return {
        words:
          "We could not transcribe it. Your recording is safe: type what you said, or try again.",
        waysOut: ["try-again", "download"],
      };
  }
}

/** Why there are no more live words; undefined while there is nothing to say beyond the chip. */
export function liveProblem(live: LiveView, isAnonymous = false): Problem | undefined {
  if (live.openSessions.length > 0) {
    return { words: "You are already recording elsewhere.", waysOut: ["take-over"] };
  }
  const after = "Your recording is safe; we will transcribe it when you stop.";
  if (live.phase === "ended" && live.reason) {
    const used = live.reason === "quota_exceeded";
    const why = used ? "Today's live minutes are used up." : "Live words ended here.";
    return { words: `${why} ${after}`, waysOut: [] };
  }
  if (live.phase !== "failed") return undefined;
  switch (live.failure?.code) {
    case "unauthenticated":
    case "token_expired":
      return SIGNED_OUT;
    case "sign_in_failed":
      return {
        words: `No live words: ${live.failure.message} Your recording is safe.`,
        waysOut: ["sign-in"],
      };
    case "quota_exceeded": {
      const wait = live.failure.retryAfter;
      const at = wait === undefined ? undefined : Date.now() + wait * 1000;
      const more = isAnonymous ? " Sign in for more." : "";
      return {
        words: `${quota(at)}${more} Your recording is safe.`,
        waysOut: isAnonymous ? ["sign-in"] : [],
      };
    }
    case "own_key_required":
    case "own_key_refused":
    case "own_key_unreadable":
      return { words: `${OWN_KEY[live.failure.code]} Your recording is safe.`, waysOut: [] };
    case "forbidden":
      return { words: `Live words go on in another place. ${after}`, waysOut: [] };
    default:
      return { words: `Live words stopped. ${after}`, waysOut: [] };
  }
}

function titles(limits: AudioLimits): string[] {
  return FILES.formats.filter(({ mime }) => limits.types.includes(mime)).map(({ title }) => title);
}

/** What an upload may be, in words. */
export function acceptedInWords(limits: AudioLimits): string {
  const kinds = titles(limits);
  const last = kinds.pop();
  const listed = kinds.length > 0 ? `${kinds.join(", ")} or ${last}` : (last ?? "");
  const shortest = spokenSeconds(limits.min_seconds);
  const longest = spokenSeconds(limits.max_seconds);
  return `${listed}, up to ${megabytes(limits.max_bytes)}, ${shortest} to ${longest} long`;
}
