/** The person's own key for the provider: sent once, and from then on known by its last four. */
import {
  type Api,
  deleteOwnKey,
  fetchOwnKey,
  type OwnKey,
  Scope,
  Store,
  storeOwnKey,
  testOwnKey,
} from "../index";
import { Remote } from "./remote";

export type Work = "storing" | "testing" | "deleting";

export interface OwnKeyActivity {
  /** What is under way. */
  readonly work: Work | undefined;
  /** What went wrong with the last thing that was asked for. */
  readonly problem: { readonly error: unknown; readonly work: Work } | undefined;
}

const IDLE: OwnKeyActivity = { work: undefined, problem: undefined };

export class OwnKeys {
  readonly key: Remote<OwnKey>;
  readonly activity = new Store<OwnKeyActivity>(IDLE);
  readonly #api: Api;
  /** Of the person who is here: what was asked for someone else no longer counts. */
  readonly #scope: Scope;

  constructor(api: Api, parent: Scope) {
    this.#api = api;
    this.#scope = new Scope(parent);
    this.key = new Remote((signal) => fetchOwnKey(api, signal), this.#scope);
  }

  refresh(): Promise<void> {
    return this.key.refresh();
  }

  /** Stores a key and has it tested. Tells whether it is stored. */
  async store(key: string): Promise<boolean> {
    const stored = await this.#do("storing", (signal) => storeOwnKey(this.#api, key, signal));
    if (stored) await this.test();
    return stored;
  }

  test(): Promise<boolean> {
    return this.#do("testing", (signal) => testOwnKey(this.#api, signal));
  }

  remove(): Promise<boolean> {
    return this.#do("deleting", async (signal) => {
      await deleteOwnKey(this.#api, signal);
      return { provider: this.key.getSnapshot().data?.provider ?? "", stored: false };
    });
  }

  async #do(work: Work, ask: (signal: AbortSignal) => Promise<OwnKey>): Promise<boolean> {
    if (this.activity.getSnapshot().work) return false;
    const person = this.#scope;
    this.activity.set({ work, problem: undefined });
    try {
      const key = await ask(person.signal);
      if (person.disposed) return false;
      this.key.set(key);
      this.activity.set(IDLE);
      return true;
    } catch (error) {
      if (person.disposed) return false;
      this.activity.set({ work: undefined, problem: { error, work } });
      return false;
    }
  }
}
