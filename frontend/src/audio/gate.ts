/** The capture gate: what a recording's measurement means for a clone, in words. */
import type { Measurement } from "./measure";
import { IDEAL_SECONDS, LONG_SECONDS, LOW_SNR_DB, NOISY_DBFS, QUIET_DBFS } from "./thresholds";

/** `bad` keeps a recording from being used; `fair` only warns. */
export type Grade = "good" | "fair" | "bad";

export interface Verdict {
  readonly aspect: "length" | "level" | "clipping" | "noise";
  readonly grade: Grade;
  readonly sentence: string;
}

/** Seconds; the server's limits where they are known. */
export interface LengthLimits {
  readonly minSeconds: number;
  readonly maxSeconds: number;
}

const DEAD_SECONDS = 1;
/** More clipped runs than one in a second cannot be overheard. */
const CLIPPED_RUNS_PER_SECOND = 1;

/** Rounded down, as clocks do, so that a recording is never called longer than it is. */
const whole = (seconds: number) => `${Math.floor(seconds)} seconds`;
const tenths = (seconds: number) => `${(Math.floor(seconds * 10) / 10).toFixed(1)} seconds`;

export function judgeLength(seconds: number, limits: LengthLimits): Verdict {
  const told = (grade: Grade, sentence: string): Verdict => ({ aspect: "length", grade, sentence });
  if (seconds < limits.minSeconds) {
    return told(
      "bad",
      `Too short: ${tenths(seconds)}. At least ${whole(limits.minSeconds)} are needed.`,
    );
  }
  if (seconds > limits.maxSeconds) {
    return told("bad", `Too long: ${whole(seconds)}. At most ${whole(limits.maxSeconds)} fit.`);
  }
  if (seconds < IDEAL_SECONDS.from) {
    return told("fair", `A little short: ${tenths(seconds)}. 10 to 20 seconds clone best.`);
  }
  if (seconds > LONG_SECONDS) {
    return told("fair", `Rather long: ${whole(seconds)}. 10 to 20 seconds clone best.`);
  }
  return told("good", `Good length: ${whole(seconds)}.`);
}

function judgeLevel(m: Measurement): Verdict {
  const told = (grade: Grade, sentence: string): Verdict => ({ aspect: "level", grade, sentence });
  if (!m.hasSpeech) return told("bad", "We hear nothing. Is the microphone muted?");
  if (m.deadSeconds >= DEAD_SECONDS) {
    return told("fair", "The sound drops out completely in places. Was the microphone muted?");
  }
  if (m.speechDbfs < QUIET_DBFS) {
    return told("fair", "Too quiet. Move closer to the microphone.");
  }
  return told("good", "Good level.");
}

function judgeClipping(m: Measurement): Verdict {
  const told = (grade: Grade, sentence: string): Verdict => ({
    aspect: "clipping",
    grade,
    sentence,
  });
  if (m.clippedRuns === 0) return told("good", "No clipping.");
  if (m.clippedRuns > m.seconds * CLIPPED_RUNS_PER_SECOND) {
    return told("fair", "Too loud: the sound is clipped. Move back, or turn the input down.");
  }
  return told("fair", "A few peaks are clipped. A little quieter would be better.");
}

function judgeNoise(m: Measurement): Verdict {
  const told = (grade: Grade, sentence: string): Verdict => ({ aspect: "noise", grade, sentence });
  if (m.noiseDbfs > NOISY_DBFS) return told("fair", "There is noise: a fan? a window?");
  if (m.speechDbfs - m.noiseDbfs < LOW_SNR_DB) {
    return told("fair", "Your voice hardly stands out from the room. Move closer.");
  }
  return told("good", "Quiet room.");
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
