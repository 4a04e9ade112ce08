/** What every panel needs, with what it says in the recorder's language. */
import { useCatalogue } from "../../words/use-words";
import { useParts } from "../use-reference-audio";
import { PANEL_WORDS } from "./catalogue";

export function usePanelParts() {
  const { t, ...parts } = useParts();
  return { ...parts, t: useCatalogue(PANEL_WORDS, { locale: t.locale, labels: parts.labels }) };
}
