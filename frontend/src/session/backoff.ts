/** Failed tries in a row: whether to try again, and when. */
import type { Failure } from "./effects";
import type { Patience } from "./link";

/** How many tries, and how far apart. */
export type Spacing = Pick<Patience, "tries" | "backoff" | "backoffMax" | "retryAfter">;

/** Counts tries and spaces them out. */
export class Backoff {
  /** The try that comes next, or was refused, counted from 1. */
  count = 0;
  readonly #patience: Spacing;
  readonly #jitter: () => number;

  /**
   * @param patience How many, and how far apart.
   * @param jitter A number from 0 to 1, so that not all clients of a service that comes back call
   *   at once.
   */
  constructor(patience: Spacing, jitter: () => number) {
    this.#patience = patience;
    this.#jitter = jitter;
  }

  /** Forgets what failed: something has gone well, or something else begins. */
  beginAnew(): void {
    this.count = 0;
  }

  /**
   * Seconds to wait before another try; undefined when there shall be none.
   *
   * @param hadFreshToken Whether the last try's token was refreshed for it.
   * @param free The number of tries has no limit.
   */
  next(failure: Failure, hadFreshToken: boolean, free: boolean): number | undefined {
    const { tries, backoff, backoffMax, retryAfter } = this.#patience;
    this.count += 1;
    if (this.count > tries && !free) return undefined;
    if (failure.afterRefresh && !failure.retryable) return hadFreshToken ? undefined : 0;
    if (!failure.retryable || (failure.retryAfter ?? 0) > retryAfter) return undefined;
    const longest = backoff * 2 ** Math.min(this.count - 1, 16);
    const wait = (Math.min(longest, backoffMax) * (1 + this.#jitter())) / 2;
    if (failure.retryAfter === undefined) return wait;
    const asked = failure.retryAfter * (1 + this.#jitter() / 4);
    return this.count === 1 ? asked : Math.max(asked, wait); // "at once" is meant once
  }
}
