/**
 * Two texts side by side: what is the same, what is said alike, what differs to the ear.
 *
 * `transcription/match/difference.py` is the same in Python.
 */
import { differences, type Region } from "./alignment";
import { alternatives } from "./alternatives";
import { sound, unlikeness } from "./likeness";

/** A larger difference is a real one, and not another spelling of the same. */
const MAX_CELLS = 900;
/** What a word costs that the other side lacks; two of them cost more than a change. */
const ALONE = 0.75;
/** Of a word's sound that tell which word it stands beside. */
const PAIRED_LETTERS = 12;
/** What another way to write costs, so that the same way comes first. */
const ALIKE = 0.01;

/** Words `a0` to `a1` of one text beside words `b0` to `b1` of the other. */
export interface Step extends Region {
  /** `same` goes word by word; `alike` is said alike and written in another way. */
  readonly kind: "same" | "alike" | "differ";
}

type Words = readonly string[];

/** Two texts' words beside one another, from the first to the last, in steps. */
export function compare(a: Words, b: Words, language: string): Step[] {
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  for (const one of differences(a, b)) {
    if (one.a0 > i) steps.push({ kind: "same", a0: i, a1: one.a0, b0: j, b1: one.b0 });
    steps.push(...toTheEar(a, b, one, language));
    i = one.a1;
    j = one.b1;
  }
  if (i < a.length) steps.push({ kind: "same", a0: i, a1: a.length, b0: j, b1: b.length });
  return steps;
}

/** Parts a difference where its words are said alike, and pairs those that differ. */
function toTheEar(a: Words, b: Words, place: Region, language: string): Step[] {
  const { a0, a1, b0, b1 } = place;
  const cells = (a1 - a0) * (b1 - b0);
  if (cells === 0 || cells > MAX_CELLS) return [{ kind: "differ", ...place }];
  const waysOf = (word: string) => [word, ...alternatives(word, language)];
  const waysA = a.slice(a0, a1).map(waysOf);
  const waysB = b.slice(b0, b1).map(waysOf);
  const soundsA = a.slice(a0, a1).map((key) => sound([key]).slice(0, PAIRED_LETTERS));
  const soundsB = b.slice(b0, b1).map((key) => sound([key]).slice(0, PAIRED_LETTERS));
  const width = b1 - b0 + 1;
  const size = (a1 - a0 + 1) * width;
  const cost = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const back: { at: number; same: boolean }[] = Array(size).fill({ at: -1, same: false });
  cost[0] = 0;

  const reach = (at: number, i: number, j: number, price: number, same: boolean) => {
    const to = i * width + j;
    const whole = (cost[at] as number) + price;
    if (whole < (cost[to] as number) - 1e-9) {
      cost[to] = whole;
      back[to] = { at, same };
    }
  };

  for (let at = 0; at < size; at += 1) {
    const i = Math.floor(at / width);
    const j = at % width;
    const left = waysA[i];
    const right = waysB[j];
    if (left) {
      reach(at, i + 1, j, ALONE, false);
      for (const way of left) {
        const count = span(way, b, b0 + j, b1);
        const price = way === b[b0 + j] && way === a[a0 + i] ? 0 : ALIKE;
        if (count > 0) reach(at, i + 1, j + count, price, true);
      }
    }
    if (right) {
      reach(at, i, j + 1, ALONE, false);
      for (const way of right) {
        const count = span(way, a, a0 + i, a1);
        if (count > 0) reach(at, i + count, j + 1, ALIKE, true);
      }
    }
    if (left && right) {
      if (left.some((way) => right.includes(way))) reach(at, i + 1, j + 1, ALIKE, true);
      const { share } = unlikeness(soundsA[i] as string, soundsB[j] as string);
      reach(at, i + 1, j + 1, (1 + share) / 2, false);
    }
  }

  const path: { to: number; same: boolean }[] = [];
  for (let at = size - 1; at > 0; at = back[at]?.at ?? 0) {
    path.unshift({ to: at, same: back[at]?.same ?? false });
  }
  return stepsOf(path, place, width);
}

/** A path as steps; differences that touch are one. */
function stepsOf(
  path: readonly { to: number; same: boolean }[],
  place: Region,
  width: number,
): Step[] {
  const steps: Step[] = [];
  let open: { a0: number; b0: number } | undefined;
  let a0 = place.a0;
  let b0 = place.b0;
  for (const { to, same } of path) {
    const a1 = place.a0 + Math.floor(to / width);
    const b1 = place.b0 + (to % width);
    if (same) {
      if (open) steps.push({ kind: "differ", ...open, a1: a0, b1: b0 });
      open = undefined;
      steps.push({ kind: "alike", a0, a1, b0, b1 });
    } else {
      open ??= { a0, b0 };
    }
    a0 = a1;
    b0 = b1;
  }
  if (open) steps.push({ kind: "differ", ...open, a1: a0, b1: b0 });
  return steps;
}

/** How many words, joined, are what is said; 0 where they are not. */
function span(said: string, words: Words, begin: number, end: number): number {
  let done = 0;
  for (let at = begin; at < end && said.startsWith(words[at] as string, done); at += 1) {
    done += (words[at] as string).length;
    if (done === said.length) return at + 1 - begin;
  }
  return 0;
}
