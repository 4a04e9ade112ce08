/** What the page says around the recorder. */
import { Catalogue, type Part, type Words } from "../index";
import { words as english } from "./words/en";

const PAGE = { english, others: import.meta.glob(["./words/*.ts", "!./words/en.ts"]) } as Part<
  typeof english
>;

export const PAGE_WORDS = new Catalogue<typeof english>(PAGE);

export type PageWords = Words<typeof english>;
