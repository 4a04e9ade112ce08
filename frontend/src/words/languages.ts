/** The languages that the components and the page speak: those that Voxtral hears. */

export const LANGUAGES = [
  "en",
  "ar",
  "de",
  "es",
  "fr",
  "hi",
  "it",
  "ja",
  "ko",
  "nl",
  "pt",
  "ru",
  "zh",
] as const;

export type Language = (typeof LANGUAGES)[number];

const isLanguage = (code: string): code is Language => LANGUAGES.some((each) => each === code);

/** The first of these locales whose language is spoken here; English where none is. */
export function languageOf(...locales: readonly string[]): Language {
  const codes = locales.map((locale) => locale.split(/[-_]/)[0]?.toLowerCase() ?? "");
  return codes.find(isLanguage) ?? "en";
}

export function directionOf(language: string): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}

/** The locale with the digits of clocks and meters, which are the same in all languages here. */
export function digits(locale: string): string {
  return languageOf(locale) === "ar" ? `${locale}-u-nu-latn` : locale;
}

/** A locale for `Intl`: of this language, as it is written where the person lives. */
export function localeOf(language: Language): string {
  const own = globalThis.navigator?.languages?.find((each) => languageOf(each, "") === language);
  return digits(own ?? language);
}
