/**
 * When the words of a text are said, by the times of a transcription.
 *
 * `transcription/match/times.py` is the same in Python.
 */
import type { Step } from "./difference.ts";
import { split } from "./words.ts";

/** A stretch of audio, in seconds from its beginning. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A word or a segment, as the provider gives it. */
export interface Timed extends Span {
  readonly text: string;
}

/** Each word of words or segments with its time; those of one share that by length. */
export function spread(parts: readonly Timed[]): { keys: string[]; spans: Span[] } {
  const keys: string[] = [];
  const spans: Span[] = [];
  for (const part of parts) {
    const words = split(part.text).map((word) => word.key);
    const lengths = words.map((key) => Array.from(key).length);
    const letters = lengths.reduce((sum, length) => sum + length, 0);
    let start = part.start;
    for (const length of lengths) {
      const end = start + (Math.max(0, part.end - part.start) * length) / letters;
      spans.push({ start, end });
      start = end;
    }
    keys.push(...words);
  }
  return { keys, spans };
}

/**
 * Times in which a word without one is said in no time, after the one before it. Of fewer than
 * half of the words nothing is known: they have no times.
 */
export function filled(times: readonly (Span | undefined)[]): Span[] {
  if (times.filter((one) => one !== undefined).length * 2 < times.length) return [];
  const spans: Span[] = [];
  for (const one of times) {
    const at = spans.at(-1)?.end ?? 0;
    spans.push(one ?? { start: at, end: at });
  }
  return spans;
}

/**
 * The time of each word of a text of so many words that a timed text goes with. Words that differ
 * share the time of what was heard in their place; undefined where nothing was.
 */
export function join(
  count: number,
  steps: readonly Step[],
  spans: readonly Span[],
): (Span | undefined)[] {
  const times: (Span | undefined)[] = Array(count).fill(undefined);
  for (const { kind, a0, a1, b0, b1 } of steps) {
    if (kind === "same") {
      for (let at = a0; at < a1; at += 1) times[at] = spans[b0 + at - a0];
    } else if (a0 < a1 && b0 < b1) {
      const first = spans[b0] as Span;
      const end = Math.max(first.start, (spans[b1 - 1] as Span).end);
      const part = (end - first.start) / (a1 - a0);
      for (let at = a0; at < a1; at += 1) {
        const start = first.start + (at - a0) * part;
        times[at] = { start, end: first.start + (at - a0 + 1) * part };
      }
    }
  }
  return times;
}
