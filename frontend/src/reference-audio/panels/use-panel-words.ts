/** What a panel says, in the recorder's language. */
import { useCatalogue } from "../../words/use-words";
import { useParts } from "../use-reference-audio";
import { PANEL_WORDS, type PanelWords } from "./catalogue";

export function usePanelWords(): PanelWords {
  const { t, labels } = useParts();
  return useCatalogue(PANEL_WORDS, { locale: t.locale, labels });
}
