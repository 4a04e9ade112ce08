/** Whether the page around is light or dark, by the `color-scheme` that reaches the component. */
import type { RefObject } from "react";
import { useScope } from "./hooks";

const QUERY = "(prefers-color-scheme: dark)";

/** What a used `color-scheme` means (CSS Color Adjustment, section 2.1). */
export function isDark(scheme: string, prefersDark: boolean): boolean {
  const [light, dark] = [/\blight\b/.test(scheme), /\bdark\b/.test(scheme)];
  return dark && (!light || prefersDark);
}

/** Keeps `data-scheme` of an element in step with the page: with the system, and a page's switch. */
export function useScheme(element: RefObject<HTMLElement | null>): void {
  useScope((scope) => {
    const query = window.matchMedia?.(QUERY);
    const look = () => {
      const root = element.current;
      if (!root) return;
      const scheme = getComputedStyle(root).colorScheme ?? "";
      const seen = isDark(scheme, query?.matches ?? false) ? "dark" : "light";
      if (root.dataset.scheme !== seen) root.dataset.scheme = seen;
    };
    look();
    if (query) scope.listen(query, "change", look);
    // A page's switch is an attribute, of any name, of whatever stands around.
    const observer = new MutationObserver(look);
    let at: Node | null | undefined = element.current;
    while (at) {
      observer.observe(at, { attributes: true });
      at = at.parentNode ?? (at as ShadowRoot).host;
    }
    scope.add(() => observer.disconnect());
  }, []);
}
