/** What the meter and the moving waveform show: read each frame, never rendered by React. */
import { dbfs, FLOOR_DBFS } from "../audio/pcm";
import { CLIP_LEVEL, METER_MARGIN_DB, NOISY_DBFS, QUIET_DBFS } from "../audio/thresholds";

/** Bars of the moving waveform: ten seconds of blocks of 50 ms. */
export const WAVEFORM_BARS = 200;
/** Decibels that the meter falls in a second, so that the eye can follow. */
const FALL_PER_SECOND = 40;
/** Where the meter draws its good zone: peaks of a voice that is well recorded, dBFS. */
export const QUIET_PEAK = -20;
export const LOUD_PEAK = dbfs(CLIP_LEVEL);
/** Below this there is nothing to hear, dBFS. */
const SILENT_PEAK = -60;
/** How far back the words look: a pause between words is not "too quiet". */
const WORDS_SECONDS = 1.5;

export type LevelWord = "quiet" | "good" | "loud";

export class Meter {
  /** The newest bar last; a ring would save nothing at this size. */
  readonly bars = new Float32Array(WAVEFORM_BARS);
  /** Blocks taken so far: how far the waveform has moved. */
  count = 0;
  /** dBFS, falling slowly. */
  level = FLOOR_DBFS;
  /** Seconds since something was heard. */
  silentSeconds = 0;
  readonly #recent: { peak: number; rms: number; age: number }[] = [];

  /** Takes a block: its highest sample and its RMS, from 0 to 1, and its length. */
  push(peak: number, rms: number, seconds: number): void {
    this.bars.copyWithin(0, 1);
    this.bars[WAVEFORM_BARS - 1] = peak;
    this.count += 1;
    const level = dbfs(peak);
    this.level = Math.max(level, this.level - FALL_PER_SECOND * seconds);
    this.silentSeconds = level < SILENT_PEAK ? this.silentSeconds + seconds : 0;
    for (const entry of this.#recent) entry.age += seconds;
    while ((this.#recent[0]?.age ?? 0) > WORDS_SECONDS) this.#recent.shift();
    this.#recent.push({ peak, rms, age: 0 });
  }

  /** As the verdict will judge it: clipping by samples, level by the RMS of what is speech. */
  get word(): LevelWord {
    if (this.#recent.some(({ peak }) => peak >= CLIP_LEVEL)) return "loud";
    const spoken = this.#recent.filter(({ rms }) => dbfs(rms) >= NOISY_DBFS);
    const energy = spoken.reduce((sum, { rms }) => sum + rms * rms, 0) / spoken.length;
    const speech = spoken.length > 0 ? dbfs(Math.sqrt(energy)) : FLOOR_DBFS;
    return speech < QUIET_DBFS + METER_MARGIN_DB ? "quiet" : "good";
  }

  reset(): void {
    this.bars.fill(0);
    this.count = 0;
    this.level = FLOOR_DBFS;
    this.silentSeconds = 0;
    this.#recent.length = 0;
  }
}
