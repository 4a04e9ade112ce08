/** The language of the page: by `?lang=`, else as chosen before, else by the browser. */
import {
  directionOf,
  LANGUAGES,
  type Language,
  languageOf,
  REFERENCE_WORDS,
  Store,
} from "../index";
import { PAGE_WORDS } from "./catalogue";
import { remember, remembered } from "./remembered";

const KEY = "utter-language";

/** What the address asks for; undefined where that is no language of ours. */
export function asked(search: string): Language | undefined {
  const code = new URLSearchParams(search).get("lang");
  const language = code === null ? undefined : languageOf(code);
  return language === "en" && !/^en\b/i.test(code ?? "") ? undefined : language;
}

/** The language that is shown, once its words are there. */
export const pageLanguage = new Store<Language>("en");

/** Shows a language, as soon as its words are loaded; the one at hand stays where they cannot be. */
async function show(language: Language): Promise<void> {
  await Promise.all([PAGE_WORDS.load(language), REFERENCE_WORDS.load(language)]);
  pageLanguage.set(language);
  const { documentElement: root } = document;
  root.lang = language;
  root.dir = directionOf(language);
  document.title = PAGE_WORDS.in(language)("page.title");
}

/** Chooses a language for this visit and the next ones. */
export async function chooseLanguage(language: Language): Promise<void> {
  remember(KEY, language);
  await show(language);
}

/** Resolves when the page can be shown: in the person's language, or in English. */
export async function startLanguage(): Promise<void> {
  const inAddress = asked(location.search);
  if (inAddress) remember(KEY, inAddress);
  const before = remembered(KEY);
  const wanted =
    inAddress ?? (before === null ? languageOf(...navigator.languages) : languageOf(before));
  if (wanted === "en") return;
  await show(wanted).catch(() => {}); // English will do
}

/** Each language by its own name, in the order of the names. */
export function ownNames(): { readonly language: Language; readonly name: string }[] {
  const names = LANGUAGES.map((language) => {
    const name = new Intl.DisplayNames(language, { type: "language" }).of(language) ?? language;
    return { language, name: name.charAt(0).toLocaleUpperCase(language) + name.slice(1) };
  });
  return names.sort((a, b) => a.name.localeCompare(b.name, "en"));
}
