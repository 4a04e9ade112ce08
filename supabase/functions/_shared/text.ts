/** Text that people write: what is kept of it, and what is refused (`shared_schema/text.py`). */

import { cleanText } from "./generated/lib/text.ts";

export { trimmed } from "./generated/lib/text.ts";

/**
 * Return what is kept of a text.
 *
 * @throws {RangeError} it holds a control character, too many marks in a row, or nothing that can
 *   be seen. The message says which, and nothing of the text.
 */
export function clean(text: string, { inALine = false } = {}): string {
  const { text: kept, fault } = cleanText(text, inALine ? "line" : "lines");
  if (fault === undefined) return kept;
  throw new RangeError(`holds ${fault}${fault === "too many marks" ? " on one character" : ""}`);
}
