/**
 * Joins the text of a session and of the one that resumes it. Both heard the same last seconds, so
 * the first words of the second repeat the last words of the first, give or take a misheard one.
 */

/** Words looked at on either side: far more than the rewind can hold, few enough to be quick. */
const WINDOW = 60;

interface Token {
  readonly word: string;
  /** Just past the word in its text. */
  readonly end: number;
}

/** Words of spaced scripts, single characters of those that are written without spaces. */
const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}'’]+/gu;

function tokenize(text: string): Token[] {
  return Array.from(text.matchAll(WORDS), (match) => ({
    word: match[0].toLocaleLowerCase("en").replaceAll("’", "'"),
    end: match.index + match[0].length,
  }));
}

/** Where the two texts last say the same word, as indices; or that the second adds nothing yet. */
type Overlap = { readonly before: number; readonly after: number } | "contained" | undefined;

/**
 * The longest overlap of the tail of `before` with the head of `after`, by words: an equal word
 * counts for it, a different, missing or extra one against it. (Overlap alignment, as when reads
 * of a genome are joined: free at the start of `before` and at the end of `after`.)
 */
function findOverlap(before: readonly Token[], after: readonly Token[]): Overlap {
  const rows = before.length;
  const columns = after.length;
  const width = columns + 1;
  const score = new Int32Array((rows + 1) * width);
  const at = (i: number, j: number) => score[i * width + j] as number;
  const equal = (i: number, j: number) => before[i - 1]?.word === after[j - 1]?.word;
  for (let j = 1; j <= columns; j += 1) score[j] = -j;
  for (let i = 1; i <= rows; i += 1) {
    for (let j = 1; j <= columns; j += 1) {
      score[i * width + j] = Math.max(
        at(i - 1, j - 1) + (equal(i, j) ? 1 : -1),
        at(i - 1, j) - 1,
        at(i, j - 1) - 1,
      );
    }
  }

  let i = rows;
  let j = 0;
  for (let column = 1; column <= columns; column += 1) if (at(rows, column) > at(i, j)) j = column;
  for (let row = 1; row < rows; row += 1) {
    // All of `after` lies within `before`: it has not caught up with it.
    if (at(row, columns) > at(i, j)) [i, j] = [row, columns];
  }
  if (at(i, j) <= 0) return undefined;
  if (i < rows) return "contained";
  while (!(equal(i, j) && at(i, j) === at(i - 1, j - 1) + 1)) {
    if (at(i, j) === at(i - 1, j - 1) - 1) [i, j] = [i - 1, j - 1];
    else if (at(i, j) === at(i - 1, j) - 1) i -= 1;
    else j -= 1;
  }
  return { before: i - 1, after: j - 1 };
}

/** Whether two texts that meet need a space between them. */
function needsSpace(before: string, after: string): boolean {
  if (before === "" || after === "") return false;
  const spaceless = /[\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]$/u;
  return !spaceless.test(before) && !/^[\s.,;:!?…。、，！？]/u.test(after);
}

/** Puts one text after the other, with a space where the script has spaces. */
export function appendText(before: string, after: string): string {
  return needsSpace(before, after) ? `${before} ${after}` : before + after;
}

/** The whole text: `before`, then what `after` adds to it. Either is returned as it is alone. */
export function joinSeam(before: string, after: string): string {
  if (before.trim() === "") return after;
  if (after.trim() === "") return before;
  const tail = tokenize(before).slice(-WINDOW);
  const head = tokenize(after).slice(0, WINDOW);
  const overlap = findOverlap(tail, head);
  if (overlap === "contained") return before;
  if (!overlap) return appendText(before, after);
  return before.slice(0, tail[overlap.before]?.end) + after.slice(head[overlap.after]?.end);
}
