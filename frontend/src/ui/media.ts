/** Whether a media query holds, kept up to date. */
import { useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  const subscribe = (listener: () => void) => {
    const list = window.matchMedia?.(query);
    list?.addEventListener("change", listener);
    return () => list?.removeEventListener("change", listener);
  };
  const read = () => window.matchMedia?.(query).matches ?? false;
  return useSyncExternalStore(subscribe, read, () => false);
}

/** Whether the person wants less motion. */
export const useReducedMotion = () => useMedia("(prefers-reduced-motion: reduce)");
