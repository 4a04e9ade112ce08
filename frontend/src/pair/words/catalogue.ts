/** What is said about a take and its text: how they go together, and how they are cut. */
import { PANEL_WORDS, type PanelMessages } from "../../reference-audio/panels/catalogue";
import { Catalogue, type Part, type Words } from "../../words/words";
import { words as english } from "./en";

const PAIR = {
  english,
  others: import.meta.glob(["./*.ts", "!./en.ts", "!./catalogue.ts"]),
} as Part<typeof english>;

export type PairMessages = typeof english;

export type PairWords = Words<PanelMessages & PairMessages>;

export const PAIR_WORDS = new Catalogue<PanelMessages & PairMessages>(PANEL_WORDS, PAIR);
