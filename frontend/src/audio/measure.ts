/** What a recording is like: length, speech level, noise floor, clipping, silence. */
import {
  NOISE_CEILING,
  SPEECH_FLOOR,
  SPEECH_OVER_NOISE,
  WINDOW_SECONDS,
} from "../generated/levels";
import { dbfs, FLOOR_DBFS } from "./pcm";
import { CLIP_LEVEL, CLIP_RUN } from "./thresholds";

export interface Measurement {
  readonly seconds: number;
  /** RMS of the parts that are speech, dBFS; the floor where there is none. */
  readonly speechDbfs: number;
  /** RMS of the quietest tenth of a second that is not digital silence, dBFS. */
  readonly noiseDbfs: number;
  /** Times that three or more samples in a row reached 0.99 of full scale. */
  readonly clippedRuns: number;
  /** The longest run of samples that are exactly zero, in seconds: a muted microphone. */
  readonly deadSeconds: number;
  readonly hasSpeech: boolean;
  /** Silence before the first speech, in seconds. */
  readonly leadingSilence: number;
  /** Silence after the last speech, in seconds. */
  readonly trailingSilence: number;
}

const CLIPPED = Math.round(CLIP_LEVEL * 32_768);
/** Windows in which the room is heard: a pause between words is as long. */
const PAUSE_WINDOWS = 5;

/** The level from which a window is speech, dBFS, by the levels of all windows. */
export function speechThreshold(levels: readonly number[]): number {
  const sorted = [...levels].sort((a, b) => a - b);
  const quietest = sorted[Math.floor(sorted.length / 10)] ?? FLOOR_DBFS;
  return Math.max(Math.min(quietest, NOISE_CEILING) + SPEECH_OVER_NOISE, SPEECH_FLOOR);
}

/** Measures as the samples come, so that the verdict is there the moment a recording ends. */
export class Measure {
  readonly #rate: number;
  readonly #window: number;
  /** Mean square of each window, full scale 1. */
  readonly #windows: number[] = [];
  #energy = 0;
  #fill = 0;
  #samples = 0;
  #clipRun = 0;
  #clippedRuns = 0;
  #zeroRun = 0;
  #longestZeroRun = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.#window = Math.max(1, Math.round(rate * WINDOW_SECONDS));
  }

  push(pcm: Int16Array): void {
    for (let i = 0; i < pcm.length; i += 1) {
      const sample = pcm[i] as number;
      if (sample >= CLIPPED || sample <= -CLIPPED) {
        this.#clipRun += 1;
        if (this.#clipRun === CLIP_RUN) this.#clippedRuns += 1;
      } else {
        this.#clipRun = 0;
      }
      if (sample === 0) {
        this.#zeroRun += 1;
        if (this.#zeroRun > this.#longestZeroRun) this.#longestZeroRun = this.#zeroRun;
      } else {
        this.#zeroRun = 0;
      }
      this.#energy += sample * sample;
      this.#fill += 1;
      if (this.#fill === this.#window) {
        this.#windows.push(this.#energy / this.#window / 32_768 ** 2);
        this.#energy = 0;
        this.#fill = 0;
      }
    }
    this.#samples += pcm.length;
  }

  /** The quietest stretch: speech without a pause longer than that is no noise. */
  #roomDbfs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at + PAUSE_WINDOWS <= this.#windows.length; at += 1) {
      const stretch = this.#windows.slice(at, at + PAUSE_WINDOWS);
      if (stretch.includes(0)) continue; // dropped out, or muted: no room sounds like that
      least = Math.min(least, stretch.reduce((sum, energy) => sum + energy, 0) / PAUSE_WINDOWS);
    }
    return Number.isFinite(least) ? dbfs(Math.sqrt(least)) : FLOOR_DBFS;
  }

  result(): Measurement {
    const levels = this.#windows.map((energy) => dbfs(Math.sqrt(energy)));
    const threshold = speechThreshold(levels);

    let energy = 0;
    let spoken = 0;
    let first = -1;
    let last = -1;
    for (const [index, level] of levels.entries()) {
      if (level < threshold) continue;
      energy += this.#windows[index] as number;
      spoken += 1;
      if (first < 0) first = index;
      last = index;
    }
    const hasSpeech = spoken > 0;
    const seconds = this.#samples / this.#rate;
    return {
      seconds,
      speechDbfs: hasSpeech ? dbfs(Math.sqrt(energy / spoken)) : FLOOR_DBFS,
      noiseDbfs: Math.min(this.#roomDbfs(), NOISE_CEILING),
      clippedRuns: this.#clippedRuns,
      deadSeconds: this.#longestZeroRun / this.#rate,
      hasSpeech,
      leadingSilence: hasSpeech ? (first * this.#window) / this.#rate : seconds,
      trailingSilence: hasSpeech
        ? Math.max(0, seconds - ((last + 1) * this.#window) / this.#rate)
        : seconds,
    };
  }
}

export function measure(blocks: readonly Int16Array[], rate: number): Measurement {
  const meter = new Measure(rate);
  for (const block of blocks) meter.push(block);
  return meter.result();
}
