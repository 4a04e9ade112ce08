import { afterEach, expect, test, vi } from "vitest";
import { SHARED_WORDS } from "../ui/words/catalogue";
import { digits, directionOf, languageOf, localeOf } from "./languages";
import { Catalogue, type Messages } from "./words";

afterEach(() => vi.unstubAllGlobals());

/** As the build compiles it. */
const compiled = (messages: Record<string, (values: { n: number }) => string>) =>
  messages as unknown as Messages;

test("A language is found by any locale of it; what nobody here speaks is English", () => {
  expect(languageOf("de-AT")).toBe("de");
  expect(languageOf("zh_Hant_TW")).toBe("zh");
  expect(languageOf("PT-br")).toBe("pt");
  expect(languageOf("tlh", "fr-CA", "de")).toBe("fr");
  expect(languageOf("tlh")).toBe("en");
  expect(languageOf()).toBe("en");
  expect(directionOf("ar")).toBe("rtl");
  expect(new Intl.NumberFormat(digits("ar-EG")).format(12)).toBe("12");
});

test.each([
  { languages: ["de-AT", "en-GB"], locale: "en-GB" },
  { languages: ["pl", "tr-TR"], locale: "en" },
  { languages: ["C"], locale: "en" },
  { languages: ["en-US@posix", "en-IE"], locale: "en-IE" },
  { languages: [], locale: "en" },
])("English numbers are in $locale for a browser that wants $languages", (browser) => {
  vi.stubGlobal("navigator", browser);
  expect(localeOf("en")).toBe(browser.locale);
});

test("Messages are compiled as the source is read", () => {
  expect(SHARED_WORDS.in("en-GB")("dictation.stop")).toBe("Stop dictating");
});

test("English is said until a language is loaded, and where it lacks a message", async () => {
  const loads: string[] = [];
  const english = compiled({ a: ({ n }) => `${n} in English`, b: () => "b in English" });
  const catalogue = new Catalogue<{ a: "{n}"; b: "" }>({
    english: english as { a: "{n}"; b: "" },
    others: {
      "./fr.ts": async () => {
        loads.push("fr");
        return { words: compiled({ a: ({ n }) => `${n} en français` }) };
      },
      "./de.ts": () => Promise.reject(new Error("offline")),
    },
  });
  let changes = 0;
  catalogue.subscribe(() => {
    changes += 1;
  });
  expect(catalogue.in("fr")("a", { n: 1 })).toBe("1 in English");
  await Promise.all([catalogue.load("fr"), catalogue.load("fr-CA")]);
  expect([loads, changes]).toEqual([["fr"], 1]);
  expect(catalogue.in("fr-CH")("a", { n: 1 })).toBe("1 en français");
  expect(catalogue.in("fr")("b")).toBe("b in English");
  expect(catalogue.in("fr").locale).toMatch(/^fr/);

  await expect(catalogue.load("de")).rejects.toThrow("offline");
  expect(catalogue.in("de")("b")).toBe("b in English");
});
