/** Something that lives on the server and is read again when it may have changed. */
import { type Readable, Scope, Store } from "../index";

export interface RemoteState<T> {
  /** The last answer; kept while a newer one is on its way, or did not come. */
  readonly data: T | undefined;
  readonly failed: boolean;
}

export class Remote<T> implements Readable<RemoteState<T>> {
  readonly #fetch: (signal: AbortSignal) => Promise<T>;
  readonly #scope: Scope;
  readonly #store = new Store<RemoteState<T>>({ data: undefined, failed: false });
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;
  #request: Scope | undefined;

  constructor(fetch: (signal: AbortSignal) => Promise<T>, parent: Scope) {
    this.#fetch = fetch;
    this.#scope = new Scope(parent);
  }

  /** Asks anew; an older question's answer no longer counts. */
  async refresh(): Promise<void> {
    this.#request?.dispose();
    const request = new Scope(this.#scope);
    this.#request = request;
    try {
      const data = await this.#fetch(request.signal);
      if (!request.disposed) this.#store.set({ data, failed: false });
    } catch {
      if (!request.disposed) this.#store.patch({ failed: true });
    }
  }

  /** Changes what is shown, ahead of the server. */
  set(data: T): void {
    this.#store.set({ data, failed: false });
  }

  /** Forgets the answer: it was someone else's. */
  clear(): void {
    this.#request?.dispose();
    this.#store.set({ data: undefined, failed: false });
  }
}
