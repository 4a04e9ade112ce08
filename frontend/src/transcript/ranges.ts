/** Places of a text that stay with their words while the text is edited. */

/** UTF-16 offsets, as a text area counts; the end is exclusive. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** What an edit replaced: `start` to `oldEnd` became `start` to `newEnd`. */
interface Change {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

function changeOf(before: string, after: string): Change {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < most - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  return { start, oldEnd: before.length - tail, newEnd: after.length - tail };
}

/** Whether two places overlap, or stand side by side. */
export function touches(a: TextRange, b: TextRange): boolean {
  return a.start <= b.end && b.start <= a.end;
}

function carried(range: TextRange, { start, oldEnd, newEnd }: Change): TextRange {
  if (range.end < start) return range;
  const moved = newEnd - oldEnd;
  if (range.start > oldEnd) return { start: range.start + moved, end: range.end + moved };
  return {
    start: Math.min(range.start, start),
    end: Math.max(range.end, oldEnd) + moved,
  };
}

/** The places that lie in a part of the text, counted from where that begins. */
export function within(ranges: readonly TextRange[], part: TextRange): readonly TextRange[] {
  return ranges
    .filter(({ start, end }) => start >= part.start && end <= part.end)
    .map(({ start, end }) => ({ start: start - part.start, end: end - part.start }));
}

/**
 * The places of `settled` in the edited text, and those of `open` that the edit was made in: they
 * are settled by it.
 */
export function settledAfter(
  before: string,
  after: string,
  settled: readonly TextRange[],
  open: readonly TextRange[],
): readonly TextRange[] {
  if (before === after) return settled;
  const change = changeOf(before, after);
  // The space beside a place belongs to it: that is where a missing word is put in.
  const beside = { start: change.start - 1, end: change.oldEnd + 1 };
  const edited = open
    .filter((range) => touches(range, beside))
    .map((range) => ({
      start: Math.min(range.start, change.start),
      end: Math.max(range.end, change.oldEnd),
    }));
  return [...settled, ...edited].map((range) => carried(range, change));
}
