/** A recording as the eye wants it: its peaks in short steps, normalised, and where its pauses are. */
import type { Pcm, Stretch } from "../take/take";
import { dbfs } from "./pcm";

/** Seconds of one step. */
export const STEP_SECONDS = 0.02;
/** A quiet moment of at least this many seconds is a pause that can be seen. */
const PAUSE_SECONDS = 0.25;

/** Decibels by which a pause stands below what is said. */
const PAUSE_BELOW = 10;

export interface Envelope {
  /** The highest sample of each step, 0 to 1. */
  readonly peaks: Float32Array;
  /** RMS of each step, dBFS. */
  readonly levels: Float32Array;
}

export function envelopeOf({ blocks, rate }: Pcm): Envelope {
  const step = Math.max(1, Math.round(rate * STEP_SECONDS));
  const samples = blocks.reduce((sum, block) => sum + block.length, 0);
  const peaks = new Float32Array(Math.ceil(samples / step));
  const energy = new Float64Array(peaks.length);
  let at = 0;
  for (const block of blocks) {
    for (let i = 0; i < block.length; i += 1, at += 1) {
      const value = (block[i] as number) / 32_768;
      const index = Math.floor(at / step);
      energy[index] = (energy[index] as number) + value * value;
      if (Math.abs(value) > (peaks[index] as number)) peaks[index] = Math.abs(value);
    }
  }
  return { peaks, levels: Float32Array.from(energy, (sum) => dbfs(Math.sqrt(sum / step))) };
}

/** The quiet stretches, in seconds: those that stand well below what is said. */
export function pausesOf({ levels }: Envelope): Stretch[] {
  const sorted = [...levels].sort((a, b) => a - b);
  const quiet = sorted[Math.floor(sorted.length * 0.1)] ?? 0;
  const loud = sorted[Math.floor(sorted.length * 0.9)] ?? 0;
  const threshold = Math.min(quiet + (loud - quiet) / 3, loud - PAUSE_BELOW);
  const pauses: Stretch[] = [];
  let from = -1;
  for (let n = 0; n <= levels.length; n += 1) {
    const isQuiet = n < levels.length && (levels[n] as number) < threshold;
    if (isQuiet && from < 0) from = n;
    if (isQuiet || from < 0) continue;
    if ((n - from) * STEP_SECONDS >= PAUSE_SECONDS) {
      pauses.push({ from: from * STEP_SECONDS, to: n * STEP_SECONDS });
    }
    from = -1;
  }
  return pauses;
}
