/** The audio of a live session that may have to be sent again, addressed by sample. */

export class Backlog {
  readonly #chunks: Int16Array<ArrayBuffer>[] = [];
  /** Position of the first chunk's first sample. */
  #start = 0;
  #end = 0;

  /** Samples taken so far: the position after the last one. */
  get end(): number {
    return this.#end;
  }

  /** Position of the oldest sample that is still there. */
  get start(): number {
    return this.#start;
  }

  push(pcm: Int16Array<ArrayBuffer>): void {
    this.#chunks.push(pcm);
    this.#end += pcm.length;
  }

  /** What is there from `position` to the end of its chunk; undefined past the end. */
  read(position: number): Int16Array<ArrayBuffer> | undefined {
    let at = this.#start;
    for (const chunk of this.#chunks) {
      if (position < at + chunk.length) return chunk.subarray(Math.max(0, position - at));
      at += chunk.length;
    }
    return undefined;
  }

  /** Forgets the chunks that end at `position` or before. */
  trim(position: number): void {
    let first = this.#chunks[0];
    while (first && this.#start + first.length <= position) {
      this.#start += first.length;
      this.#chunks.shift();
      first = this.#chunks[0];
    }
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#start = this.#end;
  }
}
