/** Text that people write: what is kept of it, and what is refused (`shared_schema/text.py`). */

import { TEXT } from "./generated/constants.ts";

const DROPPED = new RegExp(`[${TEXT.dropped}]`, "gu");
const CONTROL = new RegExp(`[${TEXT.controls}]`, "u");
const SEEN = new RegExp(`[^${TEXT.white_space}${TEXT.unseen}]`, "u");
const SPACE = new RegExp(`[${TEXT.white_space}]`, "u");
/** To put a run of marks in order takes time that grows with its square (UAX #15, section 13). */
const TOO_MANY_MARKS = new RegExp(`\\p{M}{${TEXT.max_marks + 1}}`, "u");

/** Return a text without the white space at its ends. */
export function trimmed(text: string): string {
  // No `+$`, which would look at every run of spaces once from each of its characters.
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (start < end && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * Return what is kept of a text.
 *
 * @throws {RangeError} it holds a control character, too many marks in a row, or nothing that can
 *   be seen. The message says which, and nothing of the text.
 */
export function clean(text: string, { inALine = false } = {}): string {
  let kept = text.replace(DROPPED, "");
  if (TOO_MANY_MARKS.test(kept)) throw new RangeError("holds too many marks on one character");
  kept = kept.normalize("NFC").replace(/\r\n?/g, "\n");
  if (inALine) kept = kept.replace(/[\t\n\u2028\u2029]/g, " ");
  kept = trimmed(kept);
  if (CONTROL.test(kept)) throw new RangeError("holds a control character");
  if (kept !== "" && !SEEN.test(kept)) throw new RangeError("holds nothing that can be seen");
  return kept;
}
