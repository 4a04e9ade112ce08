/**
 * Joins two transcripts of one recording where the second begins before the first ends: a resumed
 * session hears the last seconds of its predecessor again.
 *
 * The seam is found by an overlap alignment (semi-global Needleman-Wunsch) of the last words of
 * the old text with the first of the new one. An equal pair scores 2 (a character of a script
 * without spaces 1), a pair that begins or ends alike 0, every other pair and every word left over
 * on one side -1; the new text's first word may be cut and costs nothing. Up to the last equal
 * pair the old text stands, which had more context; after it the new one. The Python client joins
 * by the same rules, and both are held to the same examples.
 */

/** Words of each text that are compared; a rewind of ten seconds holds fewer. */
const WINDOW = 80;
/** Those where nothing fits among them: a session may begin more than a minute before the end. */
const WIDEST = 320;
/** One equal word, or two equal characters, more than what speaks against it. */
const MIN_SCORE = 2;
/** New words after which a seam that was not found is taken for absent. */
const SETTLE_WORDS = 8;
/** One point of score; below it equal pairs are counted, to decide between equal scores. */
const POINT = 256;

// Ideographic marks, kana, CJK ideographs, Thai, Lao, Myanmar, Khmer.
const UNSPACED =
  "\\u3005-\\u3007\\u3040-\\u30ff\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff" +
  "\\uff66-\\uff9f\\u{20000}-\\u{3ffff}\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff";
const WORD = new RegExp(`[${UNSPACED}]|[^\\s${UNSPACED}]+`, "gu");
const CHARACTER = new RegExp(`^[${UNSPACED}]`, "u");
// Full-width forms and CJK punctuation, which no space follows either.
const NO_SPACE = `[${UNSPACED}\\u3000-\\u3004\\u3008-\\u303f\\uff00-\\uff65]`;
const ENDS_UNSPACED = new RegExp(`${NO_SPACE}$`, "u");
const BEGINS_UNSPACED = new RegExp(`^${NO_SPACE}`, "u");
const SPOKEN = /[\p{L}\p{M}\p{N}]/u;
const UNSPOKEN = /[^\p{L}\p{M}\p{N}]+/gu;
const TRAILING_UNSPOKEN = /[^\p{L}\p{M}\p{N}]*$/u;

interface Word {
  /** As compared: NFKC, lower case, letters, marks and digits only. */
  readonly key: string;
  /** Just past the word in its text, without the punctuation after it. */
  readonly end: number;
  /** Score of an equal pair. */
  readonly weight: number;
}

/** The words of a text; what is punctuation alone is none. */
function words(text: string): Word[] {
  const found: Word[] = [];
  for (const match of text.matchAll(WORD)) {
    const [raw] = match;
    if (!SPOKEN.test(raw)) continue;
    found.push({
      key: raw.normalize("NFKC").toLowerCase().replace(UNSPOKEN, ""),
      end: match.index + raw.replace(TRAILING_UNSPOKEN, "").length,
      weight: CHARACTER.test(raw) ? 1 : 2,
    });
  }
  return found;
}

/** How many characters two words share from one end (`step` 1: the beginning, -1: the end). */
function shared(one: string, other: string, step: 1 | -1): number {
  const length = Math.min(one.length, other.length);
  let count = 0;
  while (
    count < length &&
    one.at(step > 0 ? count : -1 - count) === other.at(step > 0 ? count : -1 - count)
  ) {
    count += 1;
  }
  return count;
}

/** Whether two words begin or end alike: half of the longer one or all of the shorter. */
function resemble(one: string, other: string): boolean {
  const common = Math.max(shared(one, other, 1), shared(one, other, -1));
  return (
    common === Math.min(one.length, other.length) ||
    2 * common >= Math.max(one.length, other.length)
  );
}

/** Indices of the last equal pair, and whether the new text ends before the old one does. */
interface Seam {
  readonly old: number;
  readonly new: number;
  readonly inside: boolean;
}

/** The best alignment that ends in one cell: `score * POINT + equal pairs`, and its last pair. */
interface Cell {
  readonly value: number;
  readonly pair: readonly [number, number] | undefined;
}

/** The best alignment of the end of `old` with the beginning of `recent`. */
function align(old: readonly Word[], recent: readonly Word[]): Seam | undefined {
  let best = MIN_SCORE * POINT;
  let seam: Seam | undefined;
  // A text within the old one: more must speak for that than a common phrase.
  const needed = (recent.reduce((sum, word) => sum + word.weight, 0) * POINT) / 2;
  const empty: Cell = { value: 0, pair: undefined };
  let row: Cell[] = [empty, ...recent.map((_, j) => ({ value: -POINT * j, pair: undefined }))];
  old.forEach((mine, i) => {
    const above = row;
    row = [empty];
    recent.forEach((theirs, j) => {
      const gap = j > 0 ? POINT : 0;
      let cell = above[j] ?? empty;
      if (mine.key === theirs.key) {
        cell = { value: cell.value + mine.weight * POINT + 1, pair: [i, j] };
      } else if (j > 0 && !resemble(mine.key, theirs.key)) {
        cell = { value: cell.value - POINT, pair: cell.pair };
      }
      const up = above[j + 1] ?? empty;
      if (up.value - POINT > cell.value) cell = { value: up.value - POINT, pair: up.pair };
      const left = row[j] ?? empty;
      if (left.value - gap > cell.value) cell = { value: left.value - gap, pair: left.pair };
      row.push(cell);
    });
    const last = row.at(-1) ?? empty;
    if (last.pair && last.value >= Math.max(best, needed)) {
      best = last.value;
      seam = { old: last.pair[0], new: last.pair[1], inside: i + 1 < old.length };
    }
  });
  for (const { value, pair } of row) {
    if (pair && (value > best || (value === best && (!seam || seam.inside)))) {
      best = value;
      seam = { old: pair[0], new: pair[1], inside: false };
    }
  }
  return seam;
}

/** Puts one text after the other, with a space where the scripts want one. */
export function follow(old: string, recent: string): string {
  if (old !== old.trimEnd()) return old + recent.trimStart();
  if (old === "" || !SPOKEN.test(recent) || recent !== recent.trimStart()) return old + recent;
  if (ENDS_UNSPACED.test(old) || BEGINS_UNSPACED.test(recent)) return old + recent;
  return `${old} ${recent}`;
}

/** Both texts joined at their overlap; undefined when none is found. */
function find(old: string, recent: string): string | undefined {
  const [before, after] = [words(old), words(recent)];
  let window = WINDOW;
  let seam = align(before.slice(-window), after.slice(0, window));
  if (!seam && after.length > window) {
    window = WIDEST;
    seam = align(before.slice(-window), after.slice(0, window));
  }
  if (!seam) return undefined;
  const [tail, head] = [before.slice(-window), after.slice(0, window)];
  const rest = recent.slice(head[seam.new]?.end);
  // What a text within the old one says otherwise at its end, the old one says with more context.
  const isInside = seam.inside && after.length <= window;
  if (isInside || rest.trim() === "") return old;
  return old.slice(0, tail[seam.old]?.end) + rest;
}

/** The transcript of the whole, each word once. */
export function joinSeam(old: string, recent: string): string {
  return find(old, recent) ?? follow(old, recent);
}

/** The transcript while `recent` still grows: `old` alone until the seam is clear. */
export function joinGrowing(old: string, recent: string): string {
  const joined = find(old, recent);
  if (joined !== undefined) return joined;
  return words(recent).length < SETTLE_WORDS ? old : follow(old, recent);
}
