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
      root.dataset.scheme = isDark(scheme, query?.matches ?? false) ? "dark" : "light";
    };
    look();
    if (query) scope.listen(query, "change", look);
    // A page's switch is an attribute of its root or body.
    const observer = new MutationObserver(look);
    const watched = { attributes: true, attributeFilter: ["class", "style", "data-theme"] };
    observer.observe(document.documentElement, watched);
    observer.observe(document.body, watched);
    if (element.current) observer.observe(element.current, watched);
    scope.add(() => observer.disconnect());
  }, []);
}
