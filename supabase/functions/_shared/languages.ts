/** What people write for a language, and the ISO 639-1 code that providers take. */

import { Failure } from "./failure.ts";
import { ENGLISH_NAMES } from "./generated/languages.ts";
import { trimmed } from "./text.ts";

export const AUTO = "auto";
const CODES = new Map(
  Object.entries(ENGLISH_NAMES).map(([code, name]) => [name.toLowerCase(), code]),
);

/**
 * Return the ISO 639-1 code of a language as people write it: an English name, a code, a locale,
 * "Auto" or nothing; undefined where the provider is to detect the language.
 *
 * @throws {Failure} `invalid_message`: no language is called that.
 */
export function toCode(written: string | undefined): string | undefined {
  const name = trimmed(written ?? "").toLowerCase();
  if (name === "" || name === AUTO) return undefined;
  const code = CODES.get(name) ?? name.replaceAll("_", "-").split("-")[0] ?? "";
  if (Object.hasOwn(ENGLISH_NAMES, code)) return code;
  throw new Failure(
    "invalid_message",
    "Unknown language. Write a name, a code such as 'en', or 'Auto'.",
  );
}

/** Return the English name of an ISO 639-1 code, or the code itself where none is known. */
export function englishName(code: string): string {
  return Object.hasOwn(ENGLISH_NAMES, code) ? ENGLISH_NAMES[code] ?? code : code;
}
