/** Loads the panels as soon as the recorder stands, so that they are there when they are needed. */
import { useEffect, useState } from "react";

type Panels = typeof import("./panels");

/** A module that has come, for the next recorder on the same page. */
let come: Panels | undefined;

export async function loadPanels(locale = "en"): Promise<Panels> {
  const panels = await import("./panels");
  await panels.PANEL_WORDS.load(locale).catch(() => {}); // English will do
  come = panels;
  return panels;
}

/**
 * Undefined until they are there.
 *
 * @param wanted Changes when one is needed: they are asked for again where they did not come.
 */
export function usePanels(locale: string, wanted: unknown): Panels | undefined {
  const [panels, setPanels] = useState(come);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is wanted asks again.
  useEffect(() => {
    if (panels) return;
    loadPanels(locale).then(
      setPanels as (found: Panels) => void,
      () => {}, // offline; asked again when one is wanted
    );
  }, [panels, locale, wanted]);
  return panels;
}
