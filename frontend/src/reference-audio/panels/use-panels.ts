/** Loads the panels as soon as the recorder stands, so that they are there when they are needed. */
import { useEffect, useState } from "react";
import { useScope } from "../../ui/hooks";

type Panels = typeof import("./panels");
type TakePanels = typeof import("./take-panels");

/** Milliseconds after which what may be needed later is fetched, while there is a network. */
const LATER_MS = 3000;

/** A module that has come, for the next recorder on the same page. */
let come: Panels | undefined;
let takeCome: TakePanels | undefined;

export async function loadPanels(locale = "en"): Promise<Panels> {
  const panels = await import("./panels");
  await panels.PANEL_WORDS.load(locale).catch(() => {}); // English will do
  come = panels;
  return panels;
}

export async function loadTakePanels(): Promise<TakePanels> {
  takeCome = await import("./take-panels");
  return takeCome;
}

/** What a take needs: fetched when it is wanted, or in a while. Undefined until it is there. */
export function useTakePanels(wanted: boolean): TakePanels | undefined {
  const [panels, setPanels] = useState(takeCome);
  useScope(
    (scope) => {
      if (panels) return;
      const load = () =>
        loadTakePanels().then(
          setPanels as (found: TakePanels) => void,
          () => {}, // offline; asked again when it is wanted
        );
      if (wanted) void load();
      else scope.after(LATER_MS, () => void load());
    },
    [panels, wanted],
  );
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
