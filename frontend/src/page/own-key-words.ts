/** What goes wrong with a person's own key, in words. */
import { ApiError, SignedOutError } from "../index";
import type { PageWords } from "./catalogue";
import type { Work } from "./own-key";

const FAILED = {
  storing: "key.notStored",
  testing: "key.notTested",
  deleting: "key.notDeleted",
} as const;

/** Why something did not work, for the person whose key it is. */
export function inWords(t: PageWords, error: unknown, work: Work): string {
  if (error instanceof SignedOutError) return t("key.signInAgain");
  switch (error instanceof ApiError ? error.code : undefined) {
    case "invalid_message":
      return t("key.invalid");
    case "rate_limited": {
      const seconds = error instanceof ApiError ? (error.retryAfter ?? 60) : 60;
      return t("key.tooOften", { count: Math.max(1, Math.ceil(seconds / 60)) });
    }
    case "provider_rejected":
    case "provider_rate_limited":
    case "provider_unavailable":
      return t("key.unsure");
    default:
      return t(FAILED[work]);
  }
}
