/** What goes wrong with a person's own key, in words. */
import { ApiError, SignedOutError } from "../index";
import type { Work } from "./own-key";

/** Why something did not work, for the person whose key it is. */
export function inWords(error: unknown, work: Work): string {
  if (error instanceof SignedOutError) return "Please sign in again.";
  switch (error instanceof ApiError ? error.code : undefined) {
    case "invalid_message":
      return "That does not look like a Mistral key. Nothing was stored.";
    case "rate_limited": {
      const seconds = error instanceof ApiError ? (error.retryAfter ?? 60) : 60;
      const minutes = Math.max(1, Math.ceil(seconds / 60));
      return `That was tried too often. Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
    }
    case "provider_rejected":
    case "provider_rate_limited":
    case "provider_unavailable":
      return "The key is stored, but Mistral does not say just now whether it works.";
    default:
      return work === "testing"
        ? "The key cannot be tested just now."
        : `The key could not be ${work === "storing" ? "stored" : "deleted"}. Please try again.`;
  }
}
