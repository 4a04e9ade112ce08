/** The capture gate: what a recording's measurement means for a clone. */
import type { AudioLimits } from "../generated/protocol";
import type { Measurement } from "./measure";
import { ANY_PRESET, bestOf, type Preset } from "./presets";
import { LOW_SNR_DB, NOISY_DBFS, QUIET_DBFS } from "./thresholds";

/** `bad` keeps a recording from being used; `fair` only warns. */
export type Grade = "good" | "fair" | "bad";

/** What a verdict says, as the keys of the messages name it. */
export type VerdictName =
  | "tooShort"
  | "tooLong"
  | "short"
  | "long"
  | "length"
  | "silent"
  | "dropouts"
  | "quiet"
  | "level"
  | "unclipped"
  | "clipped"
  | "peaks"
  | "noisy"
  | "faint"
  | "room";

export interface Verdict {
  readonly aspect: "length" | "level" | "clipping" | "noise";
  readonly grade: Grade;
  readonly says: VerdictName;
  /** Of the recording, as it is shown: rounded down, as clocks do. */
  readonly seconds?: number;
  /** The limit that it misses, in seconds. */
  readonly limit?: number;
  /** Seconds that clone best. */
  readonly best?: { readonly from: number; readonly to: number };
}

/** Seconds; the server's limits where they are known. */
export interface LengthLimits {
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** What the recording is made for; any engine without one. */
  readonly preset?: Preset;
}

const DEAD_SECONDS = 1;
/** More clipped runs than one in a second cannot be overheard. */
const CLIPPED_RUNS_PER_SECOND = 1;

/** Rounded down, as clocks do, so that a recording is never called longer than it is. */
const whole = Math.floor;
const tenths = (seconds: number) => Math.floor(seconds * 10) / 10;

export function lengthLimits(limits: AudioLimits, preset?: Preset): LengthLimits {
  const { min_seconds, max_seconds } = limits;
  return { minSeconds: min_seconds, maxSeconds: max_seconds, ...(preset ? { preset } : {}) };
}

export function judgeLength(seconds: number, limits: LengthLimits): Verdict {
  const aspect = "length";
  const { minSeconds, maxSeconds, preset = ANY_PRESET } = limits;
  const best = bestOf(preset);
  if (seconds < minSeconds) {
    const told = { seconds: tenths(seconds), limit: minSeconds };
    return { aspect, grade: "bad", says: "tooShort", ...told };
  }
  if (seconds > maxSeconds) {
    return { aspect, grade: "bad", says: "tooLong", seconds: whole(seconds), limit: maxSeconds };
  }
  if (seconds < best.from) {
    return { aspect, grade: "fair", says: "short", seconds: tenths(seconds), best };
  }
  if (seconds > preset.max_seconds) {
    return { aspect, grade: "fair", says: "long", seconds: whole(seconds), best };
  }
  return { aspect, grade: "good", says: "length", seconds: whole(seconds) };
}

function judgeLevel(m: Measurement): Verdict {
  const aspect = "level";
  if (!m.hasSpeech) return { aspect, grade: "bad", says: "silent" };
  if (m.deadSeconds >= DEAD_SECONDS) return { aspect, grade: "fair", says: "dropouts" };
  if (m.speechDbfs < QUIET_DBFS) return { aspect, grade: "fair", says: "quiet" };
  return { aspect, grade: "good", says: "level" };
}

function judgeClipping(m: Measurement): Verdict {
  const aspect = "clipping";
  if (m.clippedRuns === 0) return { aspect, grade: "good", says: "unclipped" };
  const often = m.clippedRuns > m.seconds * CLIPPED_RUNS_PER_SECOND;
  return { aspect, grade: "fair", says: often ? "clipped" : "peaks" };
}

function judgeNoise(m: Measurement): Verdict {
  const aspect = "noise";
  if (m.noiseDbfs > NOISY_DBFS) return { aspect, grade: "fair", says: "noisy" };
  if (m.speechDbfs - m.noiseDbfs < LOW_SNR_DB) return { aspect, grade: "fair", says: "faint" };
  return { aspect, grade: "good", says: "room" };
}

/**
 * The verdicts in a fixed order. Without speech only length and level say something, and a level
 * is not called good beside what says that it is clipped.
 */
export function judge(measurement: Measurement, limits: LengthLimits): Verdict[] {
  const length = judgeLength(measurement.seconds, limits);
  const level = judgeLevel(measurement);
  if (!measurement.hasSpeech) return [length, level];
  const clipping = judgeClipping(measurement);
  const told = level.grade === "good" && clipping.grade !== "good" ? [] : [level];
  return [length, ...told, clipping, judgeNoise(measurement)];
}

export function isUsable(verdicts: readonly Verdict[]): boolean {
  return verdicts.every((verdict) => verdict.grade !== "bad");
}

export type RoomVerdict = "quiet" | "noisy" | "dead";

/** The first second before a take: someone who speaks at once still leaves its quietest tenth. */
export function judgeRoom(m: Measurement): RoomVerdict {
  if (m.seconds > 0 && m.deadSeconds >= m.seconds * 0.9) return "dead";
  return m.noiseDbfs > NOISY_DBFS ? "noisy" : "quiet";
}
