/** What the page says around the recorder, beside what the recorder says. */
import {
  Catalogue,
  type Part,
  REFERENCE_WORDS,
  type ReferenceMessages,
  type Words,
} from "../index";
import { words as english } from "./words/en";

const PAGE = { english, others: import.meta.glob(["./words/*.ts", "!./words/en.ts"]) } as Part<
  typeof english
>;

export type PageMessages = ReferenceMessages & typeof english;
export type PageWords = Words<PageMessages>;

export const PAGE_WORDS = new Catalogue<PageMessages>(REFERENCE_WORDS, PAGE);
