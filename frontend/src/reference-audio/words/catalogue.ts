/** What the recorder says. */
import { SHARED } from "../../ui/words/catalogue";
import { Catalogue, type Part, type Words } from "../../words/words";
import { words as english } from "./en";

export const REFERENCE = {
  english,
  others: import.meta.glob(["./*.ts", "!./en.ts", "!./catalogue.ts"]),
} as Part<typeof english>;

export type ReferenceMessages = typeof english & typeof SHARED.english;

/** What functions take that say something: `t("record.stop")`. */
export type ReferenceWords = Words<ReferenceMessages>;

export const REFERENCE_WORDS = new Catalogue<ReferenceMessages>(SHARED, REFERENCE);
