/** A value with subscribers, in the shape that `useSyncExternalStore` expects. */
export interface Readable<T> {
  readonly getSnapshot: () => T;
  readonly subscribe: (listener: () => void) => () => void;
}

export class Store<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Replaces some fields of an object value; the same values notify no one. */
  patch(change: Partial<T>): void {
    const current = this.#value;
    const keys = Object.keys(change) as (keyof T)[];
    if (keys.every((key) => Object.is(current[key], change[key]))) return;
    this.set({ ...current, ...change });
  }
}
