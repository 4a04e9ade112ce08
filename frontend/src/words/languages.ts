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

const codeOf = (locale: string) => locale.split(/[-_]/)[0]?.toLowerCase() ?? "";

/** The first of these locales whose language is spoken here; English where none is. */
export function languageOf(...locales: readonly string[]): Language {
  return locales.map(codeOf).find(isLanguage) ?? "en";
}

/** False for what `Intl` throws on: "C" and "en-US@posix", as browsers of bare systems say. */
function isLocale(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length > 0;
  } catch {
    return false;
  }
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
  const own = globalThis.navigator?.languages?.find(
    (each) => codeOf(each) === language && isLocale(each),
  );
  return digits(own ?? language);
}
