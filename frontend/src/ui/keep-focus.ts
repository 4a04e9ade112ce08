/** Keeps the focus in its place when what had it goes away. */
import type { RefObject } from "react";
import { useScope } from "./hooks";

/**
 * Within `root`: when the focused element is removed or disabled by a change of state, its card
 * gets the focus, and not the top of the page. A component that knows better moves it in a layout effect,
 * which comes first.
 */
export function useKeepFocus(root: RefObject<HTMLElement | null>): void {
  useScope(
    (scope) => {
      const element = root.current;
      if (!element) return;
      let last: { target: Element; place: HTMLElement | null } | undefined;
      scope.listen(element, "focusin", ({ target }) => {
        if (target instanceof Element) last = { target, place: target.closest("section") };
      });
      const observer = new MutationObserver(() => {
        if (!last || document.activeElement !== document.body) return;
        const { target, place } = last;
        if (target.isConnected && !target.matches(":disabled")) return;
        last = undefined;
        if (place?.isConnected) place.focus({ preventScroll: true });
      });
      observer.observe(element, { childList: true, subtree: true, attributeFilter: ["disabled"] });
      scope.add(() => observer.disconnect());
    },
    [root],
  );
}
