/**
 * Where two lists of words differ.
 *
 * `transcription/match/alignment.py` is the same in Python.
 */

/**
 * Pairs of words that are compared at most, all together. Beyond, what is left between two common
 * places is one difference.
 */
const MAX_CELLS = 1_000_000;
/** Pairs of words that are compared at once: a quarter of a megabyte. */
const LEAF_CELLS = 250_000;
/** Words in a row that stand once in both lists, where these are long. */
const ANCHOR_WORDS = [3, 1];
/** So often is what lies between two common places parted again. */
const MAX_DEPTH = 16;

/** Words `a0` to `a1` of one list stand where the other has its words `b0` to `b1`. */
export interface Region {
  readonly a0: number;
  readonly a1: number;
  readonly b0: number;
  readonly b1: number;
}

type Words = readonly string[];

/**
 * The places where two lists differ, in order; none touches the next.
 *
 * With few words the fewest that must be put in, left out or changed. Long lists are first parted
 * where both have the same words once.
 */
export function differences(a: Words, b: Words): Region[] {
  const found: Region[] = [];
  const whole = { a0: 0, a1: a.length, b0: 0, b1: b.length };
  between(a, b, whole, found, { cells: MAX_CELLS }, MAX_DEPTH);
  return slid(a, b, touching(found));
}

const isOneSided = ({ a0, a1, b0, b1 }: Region) => a0 === a1 || b0 === b1;

/**
 * Moves words that only one list has to its beginning or end, where they may be as well there. Of
 * "it was day, it was night" beside "it was night" the beginning was cut off.
 */
function slid(a: Words, b: Words, regions: Region[]): Region[] {
  const first = regions[0];
  if (first && isOneSided(first)) {
    const { a0, a1, b0, b1 } = first;
    const [words, end] = a0 < a1 ? [a, a1] : [b, b1];
    const head = words.slice(0, a0);
    if (a0 === b0 && head.every((word, at) => word === words[end - a0 + at])) {
      regions[0] = { a0: 0, a1: a1 - a0, b0: 0, b1: b1 - b0 };
    }
  }
  const last = regions.at(-1);
  if (last && isOneSided(last)) {
    const { a0, a1, b0, b1 } = last;
    const [words, begin, left] = a0 < a1 ? [a, a0, a.length - a1] : [b, b0, b.length - b1];
    const tail = words.slice(words.length - left);
    if (a.length - a1 === b.length - b1 && tail.every((word, at) => word === words[begin + at])) {
      regions[regions.length - 1] = { a0: a0 + left, a1: a.length, b0: b0 + left, b1: b.length };
    }
  }
  return regions;
}

/** Makes one of those that touch. */
function touching(regions: readonly Region[]): Region[] {
  const merged: Region[] = [];
  for (const one of regions) {
    const last = merged.at(-1);
    if (last && last.a1 === one.a0 && last.b1 === one.b0) {
      merged[merged.length - 1] = { ...last, a1: one.a1, b1: one.b1 };
    } else {
      merged.push(one);
    }
  }
  return merged;
}

function between(
  a: Words,
  b: Words,
  place: Region,
  found: Region[],
  budget: { cells: number },
  depth: number,
): void {
  let { a0, a1, b0, b1 } = place;
  while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) {
    a0 += 1;
    b0 += 1;
  }
  while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) {
    a1 -= 1;
    b1 -= 1;
  }
  const rest = { a0, a1, b0, b1 };
  const cells = (a1 - a0) * (b1 - b0);
  if (cells === 0) {
    if (a0 < a1 || b0 < b1) found.push(rest);
  } else if (cells <= LEAF_CELLS) {
    budget.cells -= cells;
    found.push(...(budget.cells >= 0 ? fewest(a, b, rest) : [rest]));
  } else {
    for (const count of depth > 0 ? ANCHOR_WORDS : []) {
      const chain = anchors(a, b, rest, count);
      if (chain.length === 0) continue;
      for (const [i, j] of chain) {
        if (i < a0 || j < b0) continue;
        between(a, b, { a0, a1: i, b0, b1: j }, found, budget, depth - 1);
        a0 = i + count;
        b0 = j + count;
      }
      between(a, b, { a0, a1, b0, b1 }, found, budget, depth - 1);
      return;
    }
    found.push(rest);
  }
}

/** The longest chain of places where both have the same words, each but once. */
function anchors(a: Words, b: Words, place: Region, count: number): [number, number][] {
  const onceB = once(b, place.b0, place.b1, count);
  const pairs: [number, number][] = [];
  for (const [run, i] of once(a, place.a0, place.a1, count)) {
    const j = onceB.get(run);
    if (j !== undefined) pairs.push([i, j]);
  }
  // The longest increasing run, by patience: `a` is in order already.
  const ends: number[] = [];
  const last: number[] = [];
  const before: number[] = [];
  for (const [at, [, j]] of pairs.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) < j) low = middle + 1;
      else high = middle;
    }
    before.push(low > 0 ? (last[low - 1] as number) : -1);
    ends[low] = j;
    last[low] = at;
  }
  const chain: [number, number][] = [];
  for (let at = last.at(-1) ?? -1; at >= 0; at = before[at] as number) {
    chain.push(pairs[at] as [number, number]);
  }
  return chain.reverse();
}

/** Where each run of words stands that stands but once, in order. */
function once(words: Words, begin: number, end: number, count: number): Map<string, number> {
  const places = new Map<string, number>();
  for (let at = begin; at + count <= end; at += 1) {
    const run = words.slice(at, at + count).join("\n");
    places.set(run, places.has(run) ? -1 : at);
  }
  for (const [run, at] of places) if (at < 0) places.delete(run);
  return places;
}

/** The differences that take the fewest changes (Levenshtein). */
function fewest(a: Words, b: Words, place: Region): Region[] {
  const { a0, a1, b0, b1 } = place;
  const width = b1 - b0 + 1;
  // 0 same or changed, 1 left out of b, 2 put in by b
  const steps = new Uint8Array((a1 - a0 + 1) * width).fill(2, 1, width);
  let row = Int32Array.from({ length: width }, (_, j) => j);
  for (let i = a0; i < a1; i += 1) {
    const above = row;
    row = new Int32Array(width);
    row[0] = (above[0] as number) + 1;
    const base = (i - a0 + 1) * width;
    steps[base] = 1;
    for (let j = 1; j < width; j += 1) {
      let cost = (above[j - 1] as number) + (a[i] === b[b0 + j - 1] ? 0 : 1);
      let step = 0;
      if ((above[j] as number) + 1 < cost) {
        cost = (above[j] as number) + 1;
        step = 1;
      }
      if ((row[j - 1] as number) + 1 < cost) {
        cost = (row[j - 1] as number) + 1;
        step = 2;
      }
      row[j] = cost;
      steps[base + j] = step;
    }
  }
  const found: Region[] = [];
  let i = a1;
  let j = b1;
  while (i > a0 || j > b0) {
    const step = steps[(i - a0) * width + j - b0];
    if (step === 0) {
      i -= 1;
      j -= 1;
      if (a[i] !== b[j]) found.push({ a0: i, a1: i + 1, b0: j, b1: j + 1 });
    } else if (step === 1) {
      i -= 1;
      found.push({ a0: i, a1: i + 1, b0: j, b1: j });
    } else {
      j -= 1;
      found.push({ a0: i, a1: i, b0: j, b1: j + 1 });
    }
  }
  return touching(found.reverse());
}
