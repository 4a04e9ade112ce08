/**
 * How loud a recording is from moment to moment, and where someone speaks.
 *
 * `transcription/match/levels.py` is the same in Python.
 */
import { speechThreshold } from "../audio/measure";
import { dbfs, toInt16 } from "../audio/pcm";
import {
  BLIP_SECONDS,
  CLIP_LEVEL,
  CLIP_RUN,
  PAUSE_SECONDS,
  VOICE_UNDER_SPEECH,
  WINDOW_SECONDS,
} from "../generated/levels";
import type { Span } from "./times";

const FULL_SCALE = 32_768;
const CLIPPED = Math.round(CLIP_LEVEL * FULL_SCALE);

/** A recording in windows. */
export interface Levels {
  readonly seconds: number;
  /** The length of a window; the last one may be cut off, and is left out. */
  readonly windowSeconds: number;
  /** The level of each window (RMS). */
  readonly dbfs: readonly number[];
  /** Whether samples of a window are clipped. */
  readonly clipped: readonly boolean[];
  /** The level from which a window is no silence, dBFS. */
  readonly threshold: number;
  /** The level of what is no silence (RMS). */
  readonly speechDbfs: number;
}

/** Measures one channel, as 16-bit whole numbers or as numbers between -1 and 1. */
export function levelsOf(blocks: Iterable<Int16Array | Float32Array>, rate: number): Levels {
  const size = Math.max(1, Math.round(rate * WINDOW_SECONDS));
  const energies: number[] = [];
  const levels: number[] = [];
  const clipped: boolean[] = [];
  let energy = 0;
  let run = 0;
  let isClipped = false;
  let fill = 0;
  let count = 0;
  for (const block of blocks) {
    const isWhole = block instanceof Int16Array;
    for (let n = 0; n < block.length; n += 1) {
      const sample = isWhole ? (block[n] as number) : toInt16(block[n] as number);
      energy += sample * sample;
      run = Math.abs(sample) >= CLIPPED ? run + 1 : 0;
      if (run === CLIP_RUN) isClipped = true;
      fill += 1;
      if (fill < size) continue;
      energies.push(energy / size / FULL_SCALE ** 2);
      levels.push(dbfs(Math.sqrt(energies.at(-1) as number)));
      clipped.push(isClipped);
      energy = 0;
      fill = 0;
      run = 0;
      isClipped = false;
    }
    count += block.length;
  }
  const threshold = speechThreshold(levels);
  const spoken = energies.filter((_, at) => (levels[at] as number) >= threshold);
  const mean = spoken.reduce((sum, one) => sum + one, 0) / Math.max(1, spoken.length);
  return {
    seconds: count / rate,
    windowSeconds: size / rate,
    dbfs: levels,
    clipped,
    threshold,
    speechDbfs: dbfs(Math.sqrt(mean)),
  };
}

/**
 * Where someone speaks, in order.
 *
 * @param pauseSeconds Shorter pauses are inside of a stretch.
 * @param threshold The level of voice, dBFS; by the level of speech without it.
 */
export function stretchesOf(
  levels: Levels,
  pauseSeconds: number = PAUSE_SECONDS,
  threshold: number = Math.max(levels.threshold, levels.speechDbfs - VOICE_UNDER_SPEECH),
): Span[] {
  const { windowSeconds } = levels;
  const pause = pauseSeconds / windowSeconds;
  const found: { begin: number; end: number }[] = [];
  for (const [at, level] of levels.dbfs.entries()) {
    if (level < threshold) continue;
    const last = found.at(-1);
    if (last && at - last.end < pause) last.end = at + 1;
    else found.push({ begin: at, end: at + 1 });
  }
  return found
    .filter(({ begin, end }) => (end - begin) * windowSeconds >= BLIP_SECONDS)
    .map(({ begin, end }) => ({ start: begin * windowSeconds, end: end * windowSeconds }));
}
