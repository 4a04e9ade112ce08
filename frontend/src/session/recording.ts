/** A recording in memory, from its first sample, to be sent and sent again. */
import { FRAME_SAMPLES, STREAM_RATE } from "../audio/pcm";

/** Longest recording that is kept: 57.6 MB. */
const MAX_RECORDING_SECONDS = 1800;
/** Mono PCM, signed 16-bit, 16 kHz, that only grows. Positions are samples. */
export class Recording {
  readonly #limit: number;
  #pcm = new Int16Array(STREAM_RATE);
  #length = 0;

  constructor(maxSeconds = MAX_RECORDING_SECONDS) {
    this.#limit = maxSeconds * STREAM_RATE;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether nothing more is kept. */
  get full(): boolean {
    return this.#length >= this.#limit;
  }

  /** Keeps `pcm`; what does not fit any more is dropped. */
  append(pcm: Int16Array<ArrayBuffer>): void {
    const kept = pcm.subarray(0, this.#limit - this.#length);
    const end = this.#length + kept.length;
    if (end > this.#pcm.length) {
      const larger = new Int16Array(Math.max(end, 2 * this.#pcm.length));
      larger.set(this.#pcm.subarray(0, this.#length));
      this.#pcm = larger;
    }
    this.#pcm.set(kept, this.#length);
    this.#length = end;
  }

  /**
   * The frame that begins at `start`: a whole one, a shorter one only with `rest`, or an empty one.
   *
   * @param rest Whether a short frame will do because no more audio comes.
   */
  frame(start: number, rest: boolean): Int16Array<ArrayBuffer> {
    const end = Math.min(start + FRAME_SAMPLES, this.#length);
    return this.#pcm.subarray(start, rest || end - start === FRAME_SAMPLES ? end : start);
  }

  /** All that was kept. */
  get pcm(): Int16Array<ArrayBuffer> {
    return this.#pcm.subarray(0, this.#length);
  }

  /** Forgets the samples, not how many there were. */
  clear(): void {
    this.#pcm = new Int16Array(0);
  }
}
