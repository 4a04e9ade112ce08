/** Lets one element have the screen for a while, and gives everything back as it was. */
import { type RefObject, useLayoutEffect } from "react";

/**
 * While `active`, what is beside the element that `selector` finds within `root` can be neither
 * reached nor read, live regions aside; afterwards the page stands where it stood.
 */
export function useAlone(
  root: RefObject<HTMLElement | null>,
  selector: string,
  active: boolean,
): void {
  useLayoutEffect(() => {
    const element = active ? root.current?.querySelector<HTMLElement>(selector) : undefined;
    if (!element) return;
    const { scrollX, scrollY } = window;
    const hidden: Element[] = [];
    const cover = () => {
      for (let at: Element = element; at.parentElement && at !== document.body; ) {
        for (const sibling of at.parentElement.children) {
          if (sibling === at || sibling.matches("[inert], [role=status]")) continue;
          sibling.toggleAttribute("inert", true);
          hidden.push(sibling);
        }
        at = at.parentElement;
      }
    };
    cover();
    // What is loaded late comes beside it as well.
    const observer = new MutationObserver(cover);
    for (let at = element.parentElement; at; at = at.parentElement) {
      observer.observe(at, { childList: true });
    }
    if (!element.contains(document.activeElement)) {
      element.querySelector<HTMLElement>("button")?.focus();
    }
    return () => {
      observer.disconnect();
      for (const each of hidden) each.removeAttribute("inert");
      window.scrollTo(scrollX, scrollY);
    };
  }, [root, selector, active]);
}
