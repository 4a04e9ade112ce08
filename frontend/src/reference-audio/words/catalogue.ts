/** What the recorder says. */
import { SHARED } from "../../ui/words/catalogue";
import { Catalogue, type Part } from "../../words/words";
import { words as english } from "./en";

const REFERENCE = {
  english,
  others: import.meta.glob(["./*.ts", "!./en.ts", "!./catalogue.ts"]),
} as Part<typeof english>;

export type ReferenceMessages = typeof english & typeof SHARED.english;

export const REFERENCE_WORDS = new Catalogue<ReferenceMessages>(SHARED, REFERENCE);
