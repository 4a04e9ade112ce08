/**
 * What a provider that acknowledges nothing has surely heard. Audio that left the socket may lie in
 * a buffer behind a line that is dead; a word of the provider's shows that it did not. Silence
 * needs no word: nothing is lost with it.
 */

/** Decibels: rooms are below -50 dBFS, speech above -35. The bridge draws the same line. */
const VOICE_SQUARED = (32_768 * 10 ** (-42 / 20)) ** 2;
/** One sample in so many is enough for an energy; a prime, so that no tone hides between them. */
const STRIDE = 37;
/** Voice for so long without any sign, and as long since the last one, is a stall. */
export const STALL_SECONDS = 15;

export function isVoice(pcm: Int16Array): boolean {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < pcm.length; at += STRIDE) {
    sum += (pcm[at] ?? 0) ** 2;
    count += 1;
  }
  return sum > VOICE_SQUARED * count;
}

interface Piece {
  /** Position in the socket's bytes, and in samples, after it. */
  readonly bytes: number;
  readonly samples: number;
  readonly voiced: number;
}

export class Hearing {
  /** Samples handed to the socket. */
  handed = 0;
  /** Samples that have left it. */
  taken = 0;
  /** Samples that the provider has surely heard, or that hold nothing to hear. */
  heard = 0;
  readonly #rate: number;
  readonly #waiting: Piece[] = [];
  #bytes = 0;
  /** Samples of voice that were taken since the last sign of life. */
  #unheard = 0;
  #signAt: number;

  /** @param now Monotonic milliseconds, here and below. */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#signAt = now;
  }

  /** The socket was given so many samples, as so many bytes. */
  hand(pcm: Int16Array, bytes: number): void {
    this.handed += pcm.length;
    this.#bytes += bytes;
    const voiced = isVoice(pcm) ? pcm.length : 0;
    this.#waiting.push({ bytes: this.#bytes, samples: this.handed, voiced });
  }

  /** The socket still holds so many bytes. Returns whether it has let go of more audio. */
  left(buffered: number): boolean {
    const before = this.taken;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (next.bytes > this.#bytes - buffered) break;
      this.#waiting.shift();
      this.taken = next.samples;
      this.#unheard += next.voiced;
      if (this.#unheard === 0) this.heard = this.taken;
    }
    return this.taken > before;
  }

  /** The provider said something. */
  sign(now: number): void {
    this.#signAt = now;
    this.#unheard = 0;
    this.heard = this.taken;
  }

  /** Whether somebody has spoken for too long without any word from the provider. */
  isStalled(now: number): boolean {
    const waited = now - this.#signAt >= STALL_SECONDS * 1000;
    return waited && this.#unheard >= STALL_SECONDS * this.#rate;
  }
}
