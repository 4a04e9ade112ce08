/** Which language the page is in: a list of the languages by their own names, behind an icon. */
import { LANGUAGES, type Language } from "../index";
import { LanguageIcon, useReadable } from "../react";
import { chooseLanguage, ownNames, pageLanguage } from "./language";
import { useWords } from "./use-words";

export function LanguageSelect() {
  const t = useWords();
  const language = useReadable(pageLanguage);
  return (
    <span className="relative grid size-11 place-items-center rounded-full text-soft hover:bg-sunken hover:text-ink has-focus-visible:outline-3 has-focus-visible:outline-accent forced-colors:border">
      <LanguageIcon />
      <select
        aria-label={t("account.language")}
        className="absolute -inset-px size-[calc(100%+2px)] cursor-pointer opacity-0"
        onChange={({ target: { value } }) => {
          const chosen = LANGUAGES.find((each) => each === value) as Language;
          chooseLanguage(chosen).catch(() => {}); // offline: the language at hand stays
        }}
        title={t("account.language")}
        value={language}
      >
        {ownNames().map(({ language: code, name }) => (
          <option key={code} lang={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
