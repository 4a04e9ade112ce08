/** What the components of all parts say. */
import { Catalogue, type Part } from "../../words/words";
import { words as english } from "./en";

export const SHARED = {
  english,
  others: import.meta.glob(["./*.ts", "!./en.ts", "!./catalogue.ts"]),
} as Part<typeof english>;

export const SHARED_WORDS = new Catalogue<typeof english>(SHARED);
