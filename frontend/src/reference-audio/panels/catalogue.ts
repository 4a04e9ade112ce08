/** What the panels say that are loaded once the recorder stands, beside what the recorder says. */
import { SHARED } from "../../ui/words/catalogue";
import { Catalogue, type Part, type Words } from "../../words/words";
import { REFERENCE, type ReferenceMessages } from "../words/catalogue";
import { words as english } from "./words/en";

const PANELS = { english, others: import.meta.glob(["./words/*.ts", "!./words/en.ts"]) } as Part<
  typeof english
>;

export type PanelMessages = ReferenceMessages & typeof english;
export type PanelWords = Words<PanelMessages>;

export const PANEL_WORDS = new Catalogue<PanelMessages>(SHARED, REFERENCE, PANELS);
