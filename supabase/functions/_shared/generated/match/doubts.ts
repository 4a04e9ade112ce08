/**
 * What the witnesses of a recording say against a text, and how much it weighs.
 *
 * `transcription/match/doubts.py` is the same in Python.
 */
import type { Doubt, Reading, Witness } from "../protocol.ts";
import { UNSTRESSED } from "../spoken.ts";
import { alternatives } from "./alternatives.ts";
import { compare, type Step } from "./difference.ts";
import { mayBeMisheard } from "./likeness.ts";
import { filled, join, type Span, spread, type Timed } from "./times.ts";
import { split, type Word } from "./words.ts";

/** More words than these are not swallowed, and not made up by the live words. */
const FEW_WORDS = 2;

/** What one witness says. */
export interface Evidence {
  readonly witness: Witness;
  readonly text: string;
  /** When its words are said, where that is known. */
  readonly words?: readonly Timed[] | undefined;
  /** When its segments are said, where its words have no times. */
  readonly segments?: readonly Timed[] | undefined;
}

/** A witness beside the text. */
export interface Compared {
  readonly witness: Witness;
  readonly text: readonly string[];
  readonly heard: readonly Word[];
  readonly steps: readonly Step[];
  /** When each of its words is said; empty where that is not known. */
  readonly spans: readonly Span[];
  /**
   * For each place between the words of the text, the place in the witness's words. Words that
   * only the witness has lie after it.
   */
  readonly low: readonly number[];
  /** The same; such words lie before it. */
  readonly high: readonly number[];
}

/** Puts a witness beside a text. */
export function beside(words: readonly Word[], evidence: Evidence, language: string): Compared {
  const heard = split(evidence.text);
  const steps = compare(
    words.map((word) => word.key),
    heard.map((word) => word.key),
    language,
  );
  const timed = evidence.words?.length ? evidence.words : evidence.segments;
  const { keys, spans: told } = spread(timed ?? []);
  const own = heard.map((word) => word.key);
  const isTheirs = keys.length === own.length && keys.every((key, at) => key === own[at]);
  const agreed = isTheirs
    ? []
    : compare(own, keys, language).filter(({ kind }) => kind !== "differ");
  const spans = isTheirs ? told : filled(join(own.length, agreed, told));
  const low: number[] = Array(words.length + 1).fill(0);
  const high: number[] = Array(words.length + 1).fill(0);
  for (const { kind, a0, a1, b0, b1 } of steps) {
    if (kind === "same") {
      high[a0] = b0;
      for (let at = a0 + 1; at <= a1; at += 1) {
        low[at] = b0 + at - a0;
        high[at] = b0 + at - a0;
      }
    } else {
      low[a0] = b0;
      for (let at = a0 + 1; at < a1; at += 1) {
        low[at] = b0;
        high[at] = b1;
      }
      if (a0 < a1) {
        high[a0] = b0;
        low[a1] = b1;
      }
      high[a1] = b1;
    }
  }
  return {
    witness: evidence.witness,
    text: Array.from(evidence.text),
    heard,
    steps,
    spans,
    low,
    high,
  };
}

/** Words of the text that witnesses contradict, or between which some lack. */
interface Place {
  readonly a0: number;
  a1: number;
  /** The witnesses, by number. */
  readonly doubting: Set<number>;
  /** Whether one has words that lie after `a1`. */
  endsOpen: boolean;
}

/** The places of a text that a witness contradicts. */
export function find(
  text: string,
  words: readonly Word[],
  witnesses: readonly Compared[],
  language: string,
): Doubt[] {
  const places = witnesses
    .flatMap((one, number) => one.steps.map((step) => ({ ...step, number })))
    .filter((step) => step.kind === "differ")
    .sort((one, other) => one.a0 - other.a0 || one.a1 - other.a1);
  const merged: Place[] = [];
  for (const { a0, a1, number } of places) {
    const last = merged.at(-1);
    if (last && (a0 < last.a1 || (a0 === last.a1 && (a0 === a1 || last.endsOpen)))) {
      last.endsOpen = a1 >= last.a1 ? a0 === a1 : last.endsOpen;
      last.a1 = Math.max(a1, last.a1);
      last.doubting.add(number);
    } else {
      merged.push({ a0, a1, doubting: new Set([number]), endsOpen: a0 === a1 });
    }
  }
  const characters = Array.from(text);
  return merged.map((place) => doubt(characters, words, place, witnesses, language));
}

interface Contradiction {
  readonly witness: Witness;
  readonly keys: readonly string[];
}

function doubt(
  text: readonly string[],
  words: readonly Word[],
  { a0, a1, doubting }: Place,
  witnesses: readonly Compared[],
  language: string,
): Doubt {
  const readings: Reading[] = [];
  const against: Contradiction[] = [];
  let time: Span | undefined;
  for (const [number, one] of witnesses.entries()) {
    const b0 = one.low[a0] as number;
    const b1 = one.high[a1] as number;
    const differs = doubting.has(number);
    const said = one.heard.slice(b0, b1);
    const reading = one.text.slice(said[0]?.start ?? 0, said.at(-1)?.end ?? 0).join("");
    readings.push({ witness: one.witness, text: reading, agrees: !differs });
    if (differs) {
      against.push({ witness: one.witness, keys: said.map((word) => word.key) });
    }
    if (one.spans.length > 0) time = timeOf(one.spans, b0, b1);
  }
  const around = ({ heard, low, high }: Compared) =>
    heard.slice(Math.max(0, (low[a0] as number) - 1), (high[a1] as number) + 1);
  const isDoubled =
    repeats(words.slice(Math.max(0, a0 - 1), a1 + 1)) &&
    !witnesses.some((one, number) => doubting.has(number) && repeats(around(one)));
  const silent = against.every(({ keys }) => keys.length === 0);
  const mine = words.slice(a0, a1);
  const begin = mine[0]?.start ?? (a0 > 0 ? (words[a0 - 1] as Word).end : 0);
  const after = mine.at(-1)?.end ?? begin;
  return {
    kind: a0 === a1 ? "missing" : silent ? "extra" : "changed",
    text: text.slice(begin, after).join(""),
    first_word: a0,
    end_word: a1,
    first_character: begin,
    end_character: after,
    readings,
    slight:
      !isDoubled &&
      isSlight(
        mine.map((word) => word.key),
        against,
        witnesses.map(({ witness }) => witness),
        language,
      ),
    ...time,
  };
}

/** Whether a word stands twice in a row. */
function repeats(words: readonly Word[]): boolean {
  return words.some((word, at) => word.key === words[at + 1]?.key);
}

/** When words are said; where there are none, the pause that they would be in. */
function timeOf(spans: readonly Span[], b0: number, b1: number): Span {
  if (b0 < b1) {
    const { start } = spans[b0] as Span;
    return { start, end: Math.max(start, (spans[b1 - 1] as Span).end) };
  }
  const start = spans[b0 - 1]?.end ?? 0;
  return { start, end: Math.max(start, spans[b0]?.start ?? start) };
}

/**
 * Whether a doubt may well be a recogniser's mistake.
 *
 * A recogniser takes words for others that sound alike. It seldom leaves words out or makes them
 * up, and a script does not hear.
 */
function isSlight(
  mine: readonly string[],
  against: readonly Contradiction[],
  all: readonly Witness[],
  language: string,
): boolean {
  if (against.some(({ witness }) => witness === "script")) return false;
  if (all.includes("final_pass") && against.every(({ witness }) => witness === "live")) {
    return against.every(({ keys }) => keys.length <= FEW_WORDS);
  }
  return against.some(({ keys }) => wasMisheard(mine, keys, language));
}

function wasMisheard(mine: readonly string[], heard: readonly string[], language: string): boolean {
  if (mine.length === 0 || heard.length === 0) return false;
  // The same words in another order
  if ([...mine].sort().join(" ") === [...heard].sort().join(" ")) return false;
  // Two figures, however alike they sound
  const isFigure = (key: string) => /\d$/.test(key);
  if (mine.some(isFigure) && heard.some(isFigure)) return false;
  const table: Readonly<Record<string, readonly string[]>> = UNSTRESSED;
  const swallowed = Object.hasOwn(table, language) ? (table[language] ?? []) : [];
  const few = mine.length <= FEW_WORDS && heard.length <= FEW_WORDS;
  if (few && [...mine, ...heard].every((key) => swallowed.includes(key))) return true;
  return mayBeMisheard(said(mine, language), said(heard, language));
}

/** Words with those in digits as they are usually said. */
function said(keys: readonly string[], language: string): string[] {
  return keys.map((key) => (/\d$/.test(key) ? (alternatives(key, language)[0] ?? key) : key));
}
