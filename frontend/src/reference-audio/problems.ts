/** What goes wrong, in words for the person whose take it is, each with its way out. */
import type { SourceFault } from "../audio/source";
import type { Fault } from "../errors/catalogue";
import { FILES } from "../generated/constants";
import type { AudioLimits } from "../generated/protocol";
import type { LiveView } from "../session/live";
import type { FileFault } from "../take/inspect";
import { clock, megabytes, oneOf, spokenSeconds } from "../ui/format";
import type { CallFailure } from "./call-failure";
import type { ReferenceWords } from "./words/catalogue";

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
  /** Told before the words. */
  readonly why?: Fault;
  readonly waysOut: readonly WayOut[];
}

type RecorderFault = SourceFault | "lost" | "stuck";

export function sourceProblem(t: ReferenceWords, fault: RecorderFault): Problem {
  const words = t(`microphone.${fault}`);
  if (fault === "lost" || fault === "stuck") return { words, waysOut: [] };
  const allow = fault === "denied" ? (["allow-microphone"] as const) : [];
  return { words, waysOut: [...allow, "upload-instead"] };
}

export function fileProblem(t: ReferenceWords, fault: FileFault, limits: AudioLimits): Problem {
  switch (fault) {
    case "kind":
      return { words: t("file.kind", { kinds: titles(limits).join(", ") }), waysOut: [] };
    case "size":
      return {
        words: t("file.size", { size: megabytes(t.locale, limits.max_bytes) }),
        waysOut: [],
      };
    default:
      return { words: t(`file.${fault}`), waysOut: [] };
  }
}

function quota(t: ReferenceWords, retryAt: number | undefined): string {
  if (retryAt === undefined) return t("problem.quota");
  return t("problem.quotaUntil", { time: clock(t.locale, retryAt) });
}

const signedOut = (t: ReferenceWords): Problem => ({
  words: t("problem.signedOut"),
  waysOut: ["sign-in"],
});

const whyOf = ({ code, reason, detail }: CallFailure): Fault => ({ code, reason, message: detail });

/** Why there is no transcript of the whole take. */
export function transcriptionProblem(
  t: ReferenceWords,
  failure: CallFailure,
  isAnonymous = false,
): Problem {
  switch (failure.code) {
    case "signed_out":
    case "token_expired":
    case "unauthenticated":
      return signedOut(t);
    case "sign_in_failed":
      return {
        words: t("problem.safe"),
        why: whyOf(failure),
        waysOut: ["sign-in", "try-again", "download"],
      };
    case "quota_exceeded":
      return {
        words: `${quota(t, failure.retryAt)} ${t(isAnonymous ? "problem.signInForMore" : "problem.safeType")}`,
        waysOut: isAnonymous ? ["sign-in", "download"] : ["download"],
      };
    case "own_key_required":
    case "own_key_refused":
    case "own_key_unreadable":
      return {
        words: `${t(`problem.${failure.code}`)} ${t("problem.safeTry")}`,
        waysOut: ["try-again", "download"],
      };
    case "transcription_disabled":
      return { words: t("transcript.off"), waysOut: [] };
    case "budget_exceeded":
      return { words: t("problem.budget"), waysOut: ["download"] };
    case "request_in_progress":
      return { words: t("problem.inProgress"), waysOut: ["try-again", "download"] };
    case "request_timeout":
      return { words: t("problem.slowUpload"), waysOut: ["try-again", "download"] };
    case "invalid_audio":
    case "unsupported_audio":
    case "payload_too_large":
      return { words: "", why: whyOf(failure), waysOut: [] };
    default:
      return { words: t("problem.failed"), waysOut: ["try-again", "download"] };
  }
}

/** Why there are no more live words; undefined while there is nothing to say beyond the chip. */
export function liveProblem(
  t: ReferenceWords,
  live: LiveView,
  isAnonymous = false,
): Problem | undefined {
  if (live.openSessions.length > 0) {
    return { words: t("problem.elsewhere"), waysOut: ["take-over"] };
  }
  const after = (why: string): Problem => ({
    words: `${why} ${t("problem.safeLater")}`,
    waysOut: [],
  });
  if (live.phase === "ended" && live.reason) {
    const used = live.reason === "quota_exceeded";
    return after(t(used ? "problem.liveUsed" : "problem.liveEnded"));
  }
  if (live.phase !== "failed") return undefined;
  switch (live.failure?.code) {
    case "unauthenticated":
    case "token_expired":
      return signedOut(t);
    case "sign_in_failed":
      return { words: t("problem.noLive"), why: live.failure, waysOut: ["sign-in"] };
    case "quota_exceeded": {
      const wait = live.failure.retryAfter;
      const at = wait === undefined ? undefined : Date.now() + wait * 1000;
      return {
        words: `${quota(t, at)} ${t(isAnonymous ? "problem.signInForMoreLive" : "problem.safe")}`,
        waysOut: isAnonymous ? ["sign-in"] : [],
      };
    }
    case "own_key_required":
    case "own_key_refused":
    case "own_key_unreadable":
      return {
        words: `${t(`problem.${live.failure.code}`)} ${t("problem.safe")}`,
        waysOut: [],
      };
    case "forbidden":
      return after(t("problem.liveMoved"));
    default:
      return after(t("problem.liveStopped"));
  }
}

function titles(limits: AudioLimits): string[] {
  return FILES.formats.filter(({ mime }) => limits.types.includes(mime)).map(({ title }) => title);
}

/** What an upload may be, in words. */
export function acceptedInWords(t: ReferenceWords, limits: AudioLimits): string {
  return t("upload.accepted", {
    kinds: oneOf(t.locale, titles(limits)),
    size: megabytes(t.locale, limits.max_bytes),
    shortest: spokenSeconds(t.locale, limits.min_seconds),
    longest: spokenSeconds(t.locale, limits.max_seconds),
  });
}
