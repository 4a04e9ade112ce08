/** Whether the person wants less motion. */
import { useSyncExternalStore } from "react";

const QUERY = "(prefers-reduced-motion: reduce)";

function subscribe(listener: () => void): () => void {
  const query = window.matchMedia?.(QUERY);
  query?.addEventListener("change", listener);
  return () => query?.removeEventListener("change", listener);
}

export function useReducedMotion(): boolean {
  const read = () => window.matchMedia?.(QUERY).matches ?? false;
  return useSyncExternalStore(subscribe, read, () => false);
}
