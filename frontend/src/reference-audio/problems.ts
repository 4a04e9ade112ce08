/** What goes wrong, in words for the person whose take it is, each with its way out. */
import type { SourceFault } from "../audio/source";
import type { Fault } from "../errors/catalogue";
import type { LiveView } from "../session/live";
import { clock } from "../ui/format";
import type { CallFailure } from "./call-failure";
import type { PanelWords } from "./panels/catalogue";

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

export type RecorderFault = SourceFault | "lost" | "stuck";

export function sourceProblem(t: PanelWords, fault: RecorderFault): Problem {
  const words = t(`microphone.${fault}`);
  if (fault === "lost" || fault === "stuck") return { words, waysOut: [] };
  const allow = fault === "denied" ? (["allow-microphone"] as const) : [];
  return { words, waysOut: [...allow, "upload-instead"] };
}

function quota(t: PanelWords, retryAt: number | undefined): string {
  if (retryAt === undefined) return t("problem.quota");
  return t("problem.quotaUntil", { time: clock(t.locale, retryAt) });
}

const signedOut = (t: PanelWords): Problem => ({
  words: t("problem.signedOut"),
  waysOut: ["sign-in"],
});

const whyOf = ({ code, reason, detail }: CallFailure): Fault => ({ code, reason, message: detail });

/** Why there is no transcript of the whole take. */
export function transcriptionProblem(
  t: PanelWords,
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
  t: PanelWords,
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
