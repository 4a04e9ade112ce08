/** Whose things the page holds, and when that changes: the one event that clears them. */
import type { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import type { AccountState } from "./account";

/**
 * Counts the changes of person. A sign-out is one, and so is another person's sign-in. A first
 * sign-in is none, nor is the way from an anonymous account to one with a name: what was made
 * before belongs to the one who signs in. A sign-in that ends by itself waits for its person, and so
 * does a recording when its person signs out on another page.
 */
export class Person implements Readable<number> {
  readonly #account: Readable<AccountState>;
  readonly #isRecording: () => boolean;
  readonly #changes = new Store(0);
  readonly getSnapshot = this.#changes.getSnapshot;
  readonly subscribe = this.#changes.subscribe;
  #holder: (AccountState & { readonly status: "in" }) | undefined;

  /** @param isRecording Whether a recording is under way. */
  constructor(account: Readable<AccountState>, scope: Scope, isRecording: () => boolean) {
    this.#account = account;
    this.#isRecording = isRecording;
    scope.add(account.subscribe(() => this.#look()));
    this.#look();
  }

  #look(): void {
    const state = this.#account.getSnapshot();
    const before = this.#holder;
    if (state.status === "out" && before) {
      if (!state.left || (state.left === "elsewhere" && this.#isRecording())) return;
      this.#holder = undefined;
      this.#change();
    } else if (state.status === "in") {
      this.#holder = state;
      if (before && before.userId !== state.userId && !before.isAnonymous) this.#change();
    }
  }

  #change(): void {
    this.#changes.set(this.#changes.getSnapshot() + 1);
  }
}
