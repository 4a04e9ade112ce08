/** How long to wait before another try. */
import { LIMITS } from "../generated/constants";

/** Waits differ by at most this part, so that clients do not come back all at once. */
const JITTER = 0.25;

/**
 * Milliseconds before try number `attempt` (from 0).
 *
 * @param retryAfter Seconds that the server asked for; never undercut.
 * @param random A number from 0 to 1.
 */
export function backoffMs(attempt: number, retryAfter: number | undefined, random: number): number {
  if (retryAfter !== undefined) return retryAfter * 1000 * (1 + JITTER * random);
  const seconds = Math.min(
    LIMITS.resume_backoff_max_seconds,
    LIMITS.resume_backoff_seconds * 2 ** attempt,
  );
  return seconds * 1000 * (1 - JITTER + 2 * JITTER * random);
}
