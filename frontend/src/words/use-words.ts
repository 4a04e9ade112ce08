/** The words of the language that a part of the page is in. */
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import type { Catalogue, Messages, Words } from "./words";

/** Your own wording: a text, or a function of the message's values. */
export type Labels<M extends Messages> = {
  readonly [K in keyof M]?: string | ((values: Record<string, string | number>) => string);
};

/** The locale of what is within; English without one. */
export const LocaleContext = createContext("en");

function withLabels<M extends Messages>(words: Words<M>, labels: Labels<M> | undefined): Words<M> {
  if (!labels) return words;
  const { language, locale, direction } = words;
  const theirs = words as unknown as (key: string, values?: object) => string;
  const say = (key: keyof M & string, values?: Record<string, string | number>) => {
    const own = labels[key];
    if (own === undefined) return theirs(key, values);
    return typeof own === "string" ? own : own(values ?? {});
  };
  return Object.assign(say, { language, locale, direction }) as unknown as Words<M>;
}

/** Loads the language of the locale around, or the one that is given; in English meanwhile. */
export function useCatalogue<M extends Messages>(
  catalogue: Catalogue<M>,
  { locale, labels }: { locale?: string | undefined; labels?: Labels<M> | undefined } = {},
): Words<M> {
  const around = useContext(LocaleContext);
  const wanted = locale ?? around;
  useEffect(() => {
    catalogue.load(wanted).catch(() => {}); // English stays; asked again with the next part
  }, [catalogue, wanted]);
  const read = () => catalogue.in(wanted);
  const words = useSyncExternalStore(catalogue.subscribe, read, read);
  return useMemo(() => withLabels(words, labels), [words, labels]);
}
