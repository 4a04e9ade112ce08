/** What is said about a take and its text: how they go together, and how they are cut. */
import { Catalogue, type Part } from "../../words/words";
import { words as english } from "./en";

const PAIR = {
  english,
  others: import.meta.glob(["./*.ts", "!./en.ts", "!./catalogue.ts"]),
} as Part<typeof english>;

export type PairMessages = typeof english;

export const PAIR_WORDS = new Catalogue<PairMessages>(PAIR);
