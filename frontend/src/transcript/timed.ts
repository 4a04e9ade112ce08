/** When the words of the final pass were said. */
import type { Transcription } from "../generated/protocol";
import type { Stretch } from "../take/take";

export interface TimedPart {
  readonly text: string;
  /** Seconds from the beginning of the take. */
  readonly start: number;
  readonly end: number;
}

export interface Timed {
  /** What one part is: a word, or a stretch of several. */
  readonly unit: "word" | "segment";
  readonly parts: readonly TimedPart[];
}

/** The times that an answer holds; undefined where it holds none, or not those of every part. */
export function timesOf({ words, segments }: Transcription): Timed | undefined {
  const unit = words?.length ? "word" : "segment";
  const told = words?.length ? words : (segments ?? []);
  const parts = told.filter(
    (part): part is TimedPart => part.start !== undefined && part.end !== undefined,
  );
  return parts.length > 0 && parts.length === told.length ? { unit, parts } : undefined;
}

/** What is said within a stretch, by the middle of each part, and timed from where it begins. */
export function timesWithin(timed: Timed, { from, to }: Stretch): Timed {
  const parts = timed.parts
    .filter(({ start, end }) => (start + end) / 2 >= from && (start + end) / 2 < to)
    .map(({ text, start, end }) => ({
      text,
      start: Math.max(0, start - from),
      end: Math.min(end, to) - from,
    }));
  return { ...timed, parts };
}
