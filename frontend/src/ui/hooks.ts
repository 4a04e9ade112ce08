/** The two ways in which components meet the world outside React. */
import { type DependencyList, useEffect, useSyncExternalStore } from "react";
import { Scope } from "../lib/scope";
import type { Readable } from "../lib/store";

/** The value of a store, and a render for each change of it. */
export function useReadable<T>(readable: Readable<T>): T {
  // The same on a server: what a store begins with.
  return useSyncExternalStore(readable.subscribe, readable.getSnapshot, readable.getSnapshot);
}

/** Runs `setup` with a scope that ends with the component, or before the next run. */
export function useScope(setup: (scope: Scope) => void, dependencies: DependencyList): void {
  useEffect(() => {
    const scope = new Scope();
    setup(scope);
    return () => scope.dispose();
    // biome-ignore lint/correctness/useExhaustiveDependencies: the caller lists them, as for an effect.
  }, dependencies);
}
