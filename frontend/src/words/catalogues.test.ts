/** Laws of all catalogues: every language says everything, with the same values and its own plurals. */
import { parse, type Token } from "@messageformat/parser";
import { describe, expect, test } from "vitest";
import { LANGUAGES } from "./languages";

/** As they are written, not compiled. */
const SOURCES = import.meta.glob<{ words: Record<string, string> }>("../**/words/*.ts", {
  query: "?source",
  eager: true,
});
const folders = Object.keys(SOURCES)
  .filter((path) => path.endsWith("/en.ts"))
  .map((path) => path.slice(0, -"/en.ts".length));

/** The scripts of languages that are not written in Latin letters. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  ar: /\p{Script=Arabic}/u,
  hi: /\p{Script=Devanagari}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  ru: /\p{Script=Cyrillic}/u,
  zh: /\p{Script=Han}/u,
};

interface Values {
  /** Names of values, of whatever kind. */
  readonly names: string[];
  /** Names of values that are counted, with the categories of their plurals. */
  readonly plurals: Record<string, string[]>;
  readonly text: string;
}

function valuesOf(message: string): Values {
  const names = new Set<string>();
  const plurals: Record<string, string[]> = {};
  let text = "";
  const walk = (tokens: readonly Token[]) => {
    for (const token of tokens) {
      if (token.type === "content") text += token.value;
      if ("arg" in token) names.add(token.arg);
      if (!("cases" in token)) continue;
      plurals[token.arg] = token.cases.map(({ key }) => key).sort();
      for (const { tokens: inner } of token.cases) walk(inner);
    }
  };
  walk(parse(message));
  return { names: [...names].sort(), plurals, text };
}

const english = (folder: string) => SOURCES[`${folder}/en.ts`]?.words ?? {};

test("There are catalogues, and so these laws hold for something", () => {
  expect(folders.length).toBeGreaterThanOrEqual(6);
  for (const folder of folders) expect(Object.keys(english(folder)).length).toBeGreaterThan(0);
});

describe.each(LANGUAGES.map((language) => ({ language })))("$language", ({ language }) => {
  test.each(folders)("says every message of %s, and no other", (folder) => {
    const words = SOURCES[`${folder}/${language}.ts`]?.words ?? {};
    expect(Object.keys(words).sort()).toEqual(Object.keys(english(folder)).sort());
    expect(Object.entries(words).filter(([, message]) => message.trim() === "")).toEqual([]);
  });

  test.each(folders)("tells the same values in %s", (folder) => {
    const words = SOURCES[`${folder}/${language}.ts`]?.words ?? {};
    const namesOf = (messages: Record<string, string>) =>
      Object.entries(messages).map(([key, message]) => [key, valuesOf(message).names]);
    expect(Object.fromEntries(namesOf(words))).toEqual(
      Object.fromEntries(namesOf(english(folder))),
    );
  });

  test.each(folders)("counts in %s with every plural that it has", (folder) => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    const words = SOURCES[`${folder}/${language}.ts`]?.words ?? {};
    for (const [key, message] of Object.entries(english(folder))) {
      const counted = Object.keys(valuesOf(message).plurals);
      const { plurals } = valuesOf(words[key] ?? "");
      expect({ key, plurals }).toEqual({
        key,
        plurals: Object.fromEntries(counted.map((name) => [name, categories])),
      });
    }
  });

  test.each(folders)("leaves nothing of %s in English", (folder) => {
    const script = SCRIPTS[language];
    if (!script) return;
    const words = SOURCES[`${folder}/${language}.ts`]?.words ?? {};
    const left = Object.entries(english(folder))
      .filter(([, message]) => /\p{L}{3}/u.test(valuesOf(message).text))
      .filter(([key]) => !script.test(valuesOf(words[key] ?? "").text));
    expect(left).toEqual([]);
  });
});
