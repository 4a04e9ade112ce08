/** What of a text is said within a part of its recording. */
import { wordTimes } from "../match/match";
import { split } from "../match/words";
import type { Stretch } from "../take/take";
import type { TextRange } from "../transcript/ranges";
import type { Timed } from "../transcript/timed";
import { evidenceOf, offsetsOf } from "./check";

/**
 * The place of the words whose middle lies within the stretch, with the marks that follow them;
 * undefined where no word does.
 *
 * @param heard What the times belong to.
 */
export function rangeWithin(
  text: string,
  heard: string,
  timed: Timed,
  { from, to }: Stretch,
  language: string,
): TextRange | undefined {
  const times = wordTimes(text, [evidenceOf(heard, timed)], language);
  const offsets = offsetsOf(text);
  const inside = split(text).filter((_, n) => {
    const time = times[n];
    const middle = time && (time.start + time.end) / 2;
    return middle !== undefined && middle >= from && middle < to;
  });
  const first = inside[0];
  const last = inside.at(-1);
  if (!first || !last) return undefined;
  const end = offsets[last.end] as number;
  const marks = /^[^\s\p{L}\p{N}]*/u.exec(text.slice(end))?.[0].length ?? 0;
  return { start: offsets[first.start] as number, end: end + marks };
}

export function within(
  text: string | undefined,
  ...where: [heard: string, timed: Timed, stretch: Stretch, language: string]
): string {
  const range = text && rangeWithin(text, ...where);
  return range ? (text as string).slice(range.start, range.end) : "";
}
