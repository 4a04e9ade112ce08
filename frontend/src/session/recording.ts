/** A recording in memory, from its first sample, to be sent and sent again. */
import { FRAME_SAMPLES, STREAM_RATE } from "../audio/pcm";

/** Longest recording that is kept: 57.6 MB. */
const MAX_RECORDING_SECONDS = 1800;
/** One sample in so many is enough for an energy; a prime, so that no tone hides between them. */
const STRIDE = 13;
/** Energy of a frame below which it is no voice, -42 dBFS, as the bridge has it. */
const LOUD = (32_768 * 10 ** (-42 / 20)) ** 2;
/** A voice is so much louder than its softest frame: 6 dB. A steady noise is not. */
const ABOVE_SOFTEST = 4;
/** Frames in which the softest one is looked for, ten seconds, and those that make a voice. */
const LISTENED = 100;
const VOICED = 5;

/** The mean square of a frame around its mean. */
function energy(frame: Int16Array): number {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let n = 0; n < frame.length; n += STRIDE) {
    const sample = frame[n] as number;
    sum += sample;
    squares += sample * sample;
    count += 1;
  }
  return squares / count - (sum / count) ** 2;
}

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

  /** Whether half a second or more between two places is probably a voice. */
  hasVoice(from: number, to: number): boolean {
    const energies: number[] = [];
    for (let at = to - FRAME_SAMPLES; at >= 0; at -= FRAME_SAMPLES) {
      if (at < from && energies.length >= LISTENED) break;
      energies.push(energy(this.#pcm.subarray(at, at + FRAME_SAMPLES)));
    }
    const loud = Math.max(LOUD, ABOVE_SOFTEST * Math.min(...energies));
    const between = energies.slice(0, Math.max(0, Math.floor((to - from) / FRAME_SAMPLES)));
    return between.filter((each) => each > loud).length >= VOICED;
  }

  /** Forgets the samples, not how many there were. */
  clear(): void {
    this.#pcm = new Int16Array(0);
  }
}
