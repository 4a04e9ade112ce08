/** Text that people write: what is kept of it, and what is refused (`shared_schema/text.py`). */
import { TEXT } from "../constants.ts";

const DROPPED = new RegExp(`[${TEXT.dropped}]`, "gu");
const CONTROL = new RegExp(`[${TEXT.controls}]`, "u");
const SEEN = new RegExp(`[^${TEXT.white_space}${TEXT.unseen}]`, "u");
const SPACE = new RegExp(`[${TEXT.white_space}]`, "u");
/** To put a run of marks in order takes time that grows with its square (UAX #15, section 13). */
const TOO_MANY_MARKS = new RegExp(`\\p{M}{${TEXT.max_marks + 1}}`, "u");

export type TextFault = "a control character" | "nothing that can be seen" | "too many marks";

export interface CleanText {
  /** As the services keep it; empty where it is refused. */
  readonly text: string;
  /** Characters of it, as the services count: a code point each. */
  readonly length: number;
  /** What it holds that is refused. */
  readonly fault?: TextFault;
}

const refused = (fault: TextFault): CleanText => ({ text: "", length: 0, fault });

/** Without the white space at its ends; no `+$`, which would look at every run of spaces anew. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (start < end && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** What the services will keep of a text, in one line or in several. */
export function cleanText(written: string, form: "line" | "lines"): CleanText {
  let text = written.replace(DROPPED, "");
  if (TOO_MANY_MARKS.test(text)) return refused("too many marks");
  text = text.normalize("NFC").replace(/\r\n?/g, "\n");
  if (form === "line") text = text.replace(/[\t\n\u2028\u2029]/g, " ");
  text = trimmed(text);
  if (CONTROL.test(text)) return refused("a control character");
  if (text !== "" && !SEEN.test(text)) return refused("nothing that can be seen");
  return { text, length: [...text].length };
}
