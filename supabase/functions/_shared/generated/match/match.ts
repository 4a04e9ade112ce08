/**
 * How well a text goes with its audio.
 *
 * `transcription/match/match.py` is the same in Python.
 */
import type { Match } from "../protocol.ts";
import { coverage, type Voice } from "./coverage.ts";
import { beside, type Compared, type Evidence, find } from "./doubts.ts";
import { join, type Span } from "./times.ts";
import { split } from "./words.ts";

/** A text of unknown language is tried with English ways to say its words. */
const UNKNOWN = "en";

const codeOf = (language: string) => (language.split(/[-_]/)[0] ?? "").toLowerCase();

export interface MatchOptions {
  /** ISO 639-1, or a locale that begins with it; empty where it is not known. */
  readonly language: string;
  /** Where there is voice in the audio, or its length alone. */
  readonly voice?: Voice | undefined;
}

/**
 * Compares a text with its witnesses, each at most once, and with the voice in its audio.
 *
 * @param text What is said to be spoken, word for word.
 */
export function match(
  text: string,
  witnesses: readonly Evidence[],
  { language, voice }: MatchOptions,
): Match {
  const code = codeOf(language);
  const words = split(text);
  const saidIn = code || UNKNOWN;
  const compared = witnesses.map((one) => beside(words, one, saidIn));
  const doubts = find(text, words, compared, saidIn);
  let wrong = 0;
  let right = words.length;
  for (const one of doubts) {
    if (one.slight) continue;
    const mine = one.end_word - one.first_word;
    right -= mine;
    wrong += Math.max(mine, ...one.readings.map((each) => split(each.text).length));
  }
  return {
    rate: right + wrong > 0 ? Math.round((right / (right + wrong)) * 10_000) / 10_000 : 1,
    doubts,
    coverage: voice ? coverage(words, timesOf(words.length, compared), voice, code) : [],
  };
}

/**
 * When each word of a text is said, by the first witness that knows; undefined where none does.
 * Its words are those of `split`.
 */
export function wordTimes(
  text: string,
  witnesses: readonly Evidence[],
  language: string,
): (Span | undefined)[] {
  const words = split(text);
  const code = codeOf(language);
  return timesOf(
    words.length,
    witnesses.map((one) => beside(words, one, code || UNKNOWN)),
  );
}

function timesOf(count: number, compared: readonly Compared[]): (Span | undefined)[] {
  for (const witness of ["final_pass", "live"]) {
    const one = compared.find((each) => each.witness === witness && each.spans.length > 0);
    if (one) return join(count, one.steps, one.spans);
  }
  return Array(count).fill(undefined);
}
