/**
 * How numbers that are written in digits are said.
 *
 * `transcription/match/numerals.py` is the same in Python; the words are `shared_schema/spoken.py`.
 */
import {
  DECIMAL_POINTS,
  GROUPED_BY_COMMA,
  NUMERAL_VARIANTS,
  NUMERALS,
  ORDINAL_ENDINGS,
  ORDINAL_SIGNS,
  ORDINALS,
} from "../spoken.ts";
import { fold } from "./words.ts";

type Table = Readonly<Record<string, string>>;

const MAX_DIGITS = 12;
const isYear = (value: number) => value >= 1100 && value < 2100;
const isDigits = (text: string) => /^\d+$/.test(text);

function of<Value>(tables: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(tables, name) ? tables[name] : undefined;
}

/**
 * The ways to say a number, each with its words joined and folded.
 *
 * @param number A word's key with a digit in it: 25, 1,000, 3.5, 3:45, 25th, 5km.
 * @param language ISO 639-1; one without a table has no ways but without marks.
 */
export function numerals(number: string, language: string): string[] {
  const byComma = (GROUPED_BY_COMMA as readonly string[]).includes(language);
  const [comma, point] = byComma ? [",", "."] : [".", ","];
  const grouping = new RegExp(`(?<=\\d)[${comma}'’\u202f\u00a0](?=\\d\\d\\d(?!\\d))`, "g");
  const plain = number.replace(grouping, "");
  const ways: string[] = plain === number ? [] : [plain];
  const [, digits = "", sign = ""] = /^(\d+)(\D+)$/.exec(plain) ?? [];
  const parts = plain.split(new RegExp(`[${point}:]`));
  if (of<readonly string[]>(ORDINAL_SIGNS, language)?.includes(sign)) {
    ways.push(...ordinals(whole(digits, language), language));
  } else if (parts.every(isDigits)) {
    ways.push(...(parts.length > 1 ? decimal(parts, plain, language) : whole(plain, language)));
    // "May 5" is said "May fifth"
    if (parts.length === 1) ways.push(...ordinals(ways, language));
  } else {
    ways.push(...mixed(plain, language));
  }
  return [...new Set(ways.map(fold))];
}

/** A number with parts, or a time of day. */
function decimal(parts: readonly string[], plain: string, language: string): string[] {
  if (plain.includes(":")) {
    const said = parts.flatMap((part) => whole(part.replace(/^0+(?=.)/, ""), language).slice(0, 1));
    return [said.join(""), parts.join("")];
  }
  const [before = "", after = ""] = parts;
  const rests = [digitsOf(after, language).join(""), ...whole(after, language)];
  return (of<readonly string[]>(DECIMAL_POINTS, language) ?? []).flatMap((point) =>
    whole(before, language).flatMap((way) => rests.map((rest) => way + point + rest)),
  );
}

/** A number with letters in it, such as 5km and mp3, with the number said. */
function mixed(plain: string, language: string): string[] {
  const found = /\d+/.exec(plain);
  if (!found) return [];
  const before = plain.slice(0, found.index);
  const after = plain.slice(found.index + found[0].length);
  return whole(found[0], language).map((way) => before + way + after);
}

/** Ways to say a whole number, the usual one first. */
function whole(digits: string, language: string): string[] {
  if (digits.length > MAX_DIGITS) return [];
  const value = Number(digits);
  const ways: string[] = [];
  let isKnown = false;
  for (const name of [language, `${language}-counting`]) {
    const table = of<Table>(NUMERALS, name);
    if (!table) continue;
    isKnown = true;
    if (name !== language && value > 99) continue;
    ways.push(...variants(said(value, table), name));
    if (!isYear(value)) continue;
    const rest = value % 100;
    const century = said(Math.floor(value / 100), table);
    if (language === "en") {
      const tail = rest > 9 ? said(rest, table) : `oh${said(rest, table)}`;
      ways.push(century + (rest > 0 ? tail : "hundred"));
    } else if (language === "de" || language === "nl") {
      const hundred = language === "de" ? "hundert" : "honderd";
      ways.push(...variants(century + hundred + (rest > 0 ? said(rest, table) : ""), name));
    }
  }
  if (isKnown && digits.length > 1) ways.push(digitsOf(digits, language).join(""));
  return ways;
}

function digitsOf(digits: string, language: string): string[] {
  const table = of<Table>(NUMERALS, language) ?? {};
  return Array.from(digits, (one) => (table[one] ?? one).split("[")[0] as string);
}

/** A number in words: the largest entry that fits, and what it leaves. */
function said(value: number, table: Table): string {
  const base = Math.max(
    ...Object.keys(table)
      .map(Number)
      .filter((one) => one <= value),
  );
  let rule = table[String(base)] as string;
  if (base === 0) return rule;
  const often = rule.includes("<") ? Math.floor(value / base) : 1;
  const left = rule.includes("<") ? value % base : value - base;
  rule = rule.replace(/\[(.*)\]/, left > 0 ? "$1" : "");
  const isGap = base >= 10 && left > 0 && left < Math.floor(base / 10) && rule.endsWith(">");
  // Chinese tells the empty place
  if (isGap && table["0"]?.includes("零")) rule = `${rule.slice(0, -1)}零>`;
  if (rule.includes("<")) rule = rule.replaceAll("<", said(often, table));
  return left > 0 ? rule.replaceAll(">", said(left, table)) : rule;
}

function variants(way: string, name: string): string[] {
  const ways = [way];
  const table = of<readonly (readonly [string, string])[]>(NUMERAL_VARIANTS, name) ?? [];
  for (const [written, other] of table) {
    const changed = ways.map((one) =>
      one.replace(new RegExp(written, "gu"), other.replaceAll("\\1", "$1")),
    );
    for (const one of changed) if (!ways.includes(one)) ways.push(one);
  }
  return ways;
}

/** Numbers in words as places in a row. */
function ordinals(ways: readonly string[], language: string): string[] {
  const rules = of<readonly (readonly [string, string])[]>(ORDINALS, language) ?? [];
  const endings = of<readonly string[]>(ORDINAL_ENDINGS, language) ?? [""];
  return ways.flatMap((way) => {
    const rule = rules.find(([written]) => new RegExp(written, "u").test(way));
    if (!rule || !/^\p{L}+$/u.test(way)) return [];
    const place = way.replace(new RegExp(rule[0], "u"), rule[1].replaceAll("\\1", "$1"));
    return endings.map((ending) => place + ending);
  });
}
