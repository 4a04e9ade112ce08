/** How long to wait before another try. */
import { LIMITS } from "../generated/constants";

/** Waits differ by at most this part, so that clients do not come back all at once. */
const JITTER = 0.25;

/** Seconds, doubling from one try to the next. */
const doubling = (attempt: number) =>
  Math.min(LIMITS.resume_backoff_max_seconds, LIMITS.resume_backoff_seconds * 2 ** attempt);

/**
 * Milliseconds before try number `attempt` (from 0).
 *
 * @param retryAfter Seconds that the server asked for; never undercut. "At once" is taken at its
 *   word the first time only, or a server that says so for ever would be stormed.
 * @param random A number from 0 to 1.
 */
export function backoffMs(attempt: number, retryAfter: number | undefined, random: number): number {
  if (retryAfter === undefined) {
    return doubling(attempt) * 1000 * (1 - JITTER + 2 * JITTER * random);
  }
  const least = attempt > 0 ? doubling(attempt - 1) : 0;
  return Math.max(retryAfter, least) * 1000 * (1 + JITTER * random);
}
