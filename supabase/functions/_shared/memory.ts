/** How much of a worker's memory files may take: the platform gives it 256 MB, and no disk. */

import { Failure } from "./failure.ts";

const RETRY_AFTER_SECONDS = 5;
/** Beside the greatest file, that a short one need not wait for it. */
const BESIDE_BYTES = 12 * 1024 * 1024;

/** The room for files of all requests at once. */
export class Memory {
  private taken = 0;
  private readonly bytes: number;

  constructor(greatestFile: number) {
    this.bytes = greatestFile + BESIDE_BYTES;
  }

  /**
   * Do work that holds a file in memory.
   *
   * @param work Is given what takes room, in bytes, and throws `capacity` where there is none.
   */
  async holding<T>(work: (take: (bytes: number) => void) => Promise<T>): Promise<T> {
    let held = 0;
    const take = (bytes: number) => {
      if (this.taken + bytes > this.bytes) {
        throw new Failure("capacity", undefined, { retryAfter: RETRY_AFTER_SECONDS });
      }
      this.taken += bytes;
      held += bytes;
    };
    try {
      return await work(take);
    } finally {
      this.taken -= held;
    }
  }
}
