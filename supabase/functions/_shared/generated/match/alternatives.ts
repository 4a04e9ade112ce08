/**
 * Other ways to write a word that are said alike: contractions, abbreviations, numerals, signs.
 *
 * `transcription/match/alternatives.py` is the same in Python.
 */
import {
  ABBREVIATED,
  BRITISH,
  CONTRACTED,
  ENGLISH,
  ENGLISH_ENDINGS,
  NEGATED,
  SIGNS,
} from "../spoken.ts";
import { numerals } from "./numerals.ts";
import { fold } from "./words.ts";

type Ways = Readonly<Record<string, readonly string[]>>;

const waysIn = (table: Ways | undefined, key: string): readonly string[] =>
  table && Object.hasOwn(table, key) ? (table[key] ?? []) : [];
const tableIn = (tables: Readonly<Record<string, Ways>>, key: string): Ways | undefined =>
  Object.hasOwn(tables, key) ? tables[key] : undefined;

/**
 * Other ways to say a word, each with its words joined; the word itself is not among them.
 *
 * @param language ISO 639-1.
 */
export function alternatives(key: string, language: string): string[] {
  const sign = tableIn(SIGNS, key);
  if (sign) return waysIn(sign, language).map(fold);
  if (/[0-9]/.test(key)) return numbered(key, language);
  if (language === "en") return english(key);
  return waysIn(tableIn(ABBREVIATED, language), key).map(fold);
}

function numbered(key: string, language: string): string[] {
  const sign = tableIn(SIGNS, key.charAt(0));
  const number = sign ? key.slice(1) : key;
  const said = numerals(number, language);
  if (!sign) return said;
  return waysIn(sign, language).flatMap((name) => [...said, number].map((way) => way + fold(name)));
}

function english(key: string): string[] {
  const found = [...waysIn(ENGLISH, key)];
  for (const [ending, whole] of ENGLISH_ENDINGS) {
    if (!key.endsWith(ending)) continue;
    const stem = key.slice(0, -ending.length);
    const stems: readonly string[] = ending === "nt" ? NEGATED : CONTRACTED;
    if (stems.includes(stem)) found.push(...whole.map((one) => stem + one));
  }
  for (const [one, other] of BRITISH) {
    if (key.length > 4 && key.includes(one)) found.push(key.replaceAll(one, other));
  }
  return found;
}
