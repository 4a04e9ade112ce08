/**
 * What a provider that acknowledges nothing has surely heard. Audio that left the socket may lie in
 * a buffer behind a line that is dead; a word of the provider's shows that it did not. Silence
 * needs no word: nothing is lost with it.
 */

/** Decibels: quiet rooms are below -50 dBFS, speech above -35. The bridge draws the same lines. */
const VOICE_SQUARED = (32_768 * 10 ** (-42 / 20)) ** 2;
/** One sample in so many is enough for an energy; a prime, so that no tone hides between them. */
const STRIDE = 13;
/** Seconds of a block, about a sound of speech, and how many of them a judgement takes: 10 s. */
const BLOCK_SECONDS = 0.025;
const BLOCKS = 400;
/** Ratio of the energies of loud and soft blocks, 6 dB. Speech has 20 dB, the noise of a room 3. */
const STEADY = 10 ** (6 / 10);
/** Voice for so long without any sign, and as long since the last one, is a stall. */
export const STALL_SECONDS = 15;

export function isLoud(pcm: Int16Array): boolean {
  return energy(pcm) > VOICE_SQUARED;
}

function energy(pcm: Int16Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < pcm.length; at += STRIDE) {
    sum += (pcm[at] ?? 0) ** 2;
    count += 1;
  }
  return count === 0 ? 0 : sum / count;
}

/** Tells steady noise, to which there is nothing to say, from all that changes as speech does. */
class Levels {
  readonly #block: number;
  #levels: number[] = [];

  constructor(rate: number) {
    this.#block = Math.round(rate * BLOCK_SECONDS);
  }

  add(pcm: Int16Array): void {
    const count = Math.max(1, Math.floor(pcm.length / this.#block));
    for (let number = 0; number < count; number += 1) {
      const end = number === count - 1 ? pcm.length : (number + 1) * this.#block;
      this.#levels.push(energy(pcm.subarray(number * this.#block, end)));
    }
    this.#levels = this.#levels.slice(-BLOCKS);
  }

  isSteady(): boolean {
    if (this.#levels.length < BLOCKS) return false;
    const ordered = [...this.#levels].sort((one, other) => one - other);
    const low = ordered[BLOCKS / 10] ?? 0;
    return (ordered[BLOCKS - BLOCKS / 10] ?? 0) < STEADY * low;
  }
}

interface Piece {
  /** Position in the socket's bytes, and in samples, after it. */
  readonly bytes: number;
  readonly samples: number;
  readonly voiced: number;
  /** It is known by now that what was loud before it was noise. */
  readonly steady: boolean;
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
  readonly #levels: Levels;

  /** @param now Monotonic milliseconds, here and below. */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#signAt = now;
    this.#levels = new Levels(rate);
  }

  /** The socket was given so many samples, as so many bytes. */
  hand(pcm: Int16Array, bytes: number): void {
    this.handed += pcm.length;
    this.#bytes += bytes;
    this.#levels.add(pcm);
    const steady = this.#levels.isSteady();
    const voiced = isLoud(pcm) && !steady ? pcm.length : 0;
    this.#waiting.push({ bytes: this.#bytes, samples: this.handed, voiced, steady });
  }

  /** The socket still holds so many bytes. Returns whether it has let go of more audio. */
  left(buffered: number): boolean {
    const before = this.taken;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (next.bytes > this.#bytes - buffered) break;
      this.#waiting.shift();
      this.taken = next.samples;
      this.#unheard = next.steady ? 0 : this.#unheard + next.voiced;
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

  /** Whether someone has spoken for too long without any word from the provider. */
  isStalled(now: number): boolean {
    const waited = now - this.#signAt >= STALL_SECONDS * 1000;
    return waited && this.#unheard >= STALL_SECONDS * this.#rate;
  }
}
