/** What the meter and the moving waveform show: read each frame, never rendered by React. */
import { dbfs, FLOOR_DBFS } from "../audio/pcm";

/** Bars of the moving waveform: ten seconds of blocks of 50 ms. */
export const WAVEFORM_BARS = 200;
/** Decibels that the meter falls in a second, so that the eye can follow. */
const FALL_PER_SECOND = 40;
/** Peaks, dBFS. Between the two a voice is well recorded. */
export const QUIET_PEAK = -24;
export const LOUD_PEAK = -1;
/** Below this there is nothing to hear, dBFS. */
const SILENT_PEAK = -60;
/** How far back the words look: a pause between words is not "too quiet". */
const WORDS_SECONDS = 1.5;

export type LevelWord = "Too quiet" | "Good" | "Too loud";

export class Meter {
  /** The newest bar last; a ring would save nothing at this size. */
  readonly bars = new Float32Array(WAVEFORM_BARS);
  /** Blocks taken so far: how far the waveform has moved. */
  count = 0;
  /** dBFS, falling slowly. */
  level = FLOOR_DBFS;
  /** Seconds since something was heard. */
  silentSeconds = 0;
  readonly #recent: { peak: number; age: number }[] = [];

  push(peak: number, seconds: number): void {
    this.bars.copyWithin(0, 1);
    this.bars[WAVEFORM_BARS - 1] = peak;
    this.count += 1;
    const level = dbfs(peak);
    this.level = Math.max(level, this.level - FALL_PER_SECOND * seconds);
    this.silentSeconds = level < SILENT_PEAK ? this.silentSeconds + seconds : 0;
    for (const entry of this.#recent) entry.age += seconds;
    while ((this.#recent[0]?.age ?? 0) > WORDS_SECONDS) this.#recent.shift();
    this.#recent.push({ peak: level, age: 0 });
  }

  get word(): LevelWord {
    const peak = this.#recent.reduce((most, entry) => Math.max(most, entry.peak), FLOOR_DBFS);
    return peak >= LOUD_PEAK ? "Too loud" : peak < QUIET_PEAK ? "Too quiet" : "Good";
  }

  reset(): void {
    this.bars.fill(0);
    this.count = 0;
    this.level = FLOOR_DBFS;
    this.silentSeconds = 0;
    this.#recent.length = 0;
  }
}
