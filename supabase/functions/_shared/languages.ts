/**
 * What people write for a language, and the ISO 639-1 code that providers take.
 *
 * English names come from the Unicode CLDR, through the runtime.
 */

import { Failure } from "./failure.ts";

export const AUTO = "auto";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

let names: Map<string, string> | undefined;
let codes: Map<string, string> | undefined;

/**
 * Return the ISO 639-1 code of a language as people write it: an English name, a code, a locale,
 * "Auto" or nothing; undefined where the provider is to detect the language.
 *
 * @throws {Failure} `invalid_message`: no language is called that.
 */
export function toCode(written: string | undefined): string | undefined {
  const name = (written ?? "").trim().toLowerCase();
  if (name === "" || name === AUTO) return undefined;
  codes ??= new Map([...known()].map(([code, english]) => [english.toLowerCase(), code]));
  const code = codes.get(name) ?? name.replaceAll("_", "-").split("-")[0] ?? "";
  if (known().has(code)) return code;
  throw new Failure(
    "invalid_message",
    "language: unknown. Write a name, a code such as 'en', or 'Auto'.",
  );
}

/** Return the English name of an ISO 639-1 code, or the code itself where none is known. */
export function englishName(code: string): string {
  return known().get(code) ?? code;
}

function known(): Map<string, string> {
  if (names !== undefined) return names;
  names = new Map();
  const english = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      const name = english.of(first + second);
      if (name !== undefined) names.set(first + second, name);
    }
  }
  return names;
}
