/** The person's own key for the provider: sent once, and from then on known by its last four. */
import type { OwnKey } from "../generated/protocol";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { deleteOwnKey, fetchOwnKey, storeOwnKey, testOwnKey } from "../services/api";
import { type Api, ApiError } from "../services/http";
import { SignedOutError } from "../session/token";
import { Remote, type RemoteState } from "./remote";

type Work = "storing" | "testing" | "deleting";

export interface OwnKeyActivity {
  /** What is under way. */
  readonly work: Work | undefined;
  /** What went wrong with the last thing that was asked for, in words. */
  readonly problem: string | undefined;
}

const IDLE: OwnKeyActivity = { work: undefined, problem: undefined };

/** Why something did not work, for the person whose key it is. */
function inWords(error: unknown, work: Work): string {
  if (error instanceof SignedOutError) return "Please sign in again.";
  switch (error instanceof ApiError ? error.code : undefined) {
    case "invalid_message":
      return "That does not look like a Mistral key. Nothing was stored.";
    case "rate_limited": {
      const seconds = error instanceof ApiError ? (error.retryAfter ?? 60) : 60;
      const minutes = Math.max(1, Math.ceil(seconds / 60));
      return `That was tried too often. Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
    }
    case "provider_rejected":
    case "provider_rate_limited":
    case "provider_unavailable":
      return "The key is stored, but Mistral does not say just now whether it works.";
    default:
      return work === "testing"
        ? "The key cannot be tested just now."
        : `The key could not be ${work === "storing" ? "stored" : "deleted"}. Please try again.`;
  }
}

export class OwnKeys {
  readonly key: Readable<RemoteState<OwnKey>>;
  readonly activity: Readable<OwnKeyActivity>;
  readonly #api: Api;
  readonly #key: Remote<OwnKey>;
  readonly #activity = new Store<OwnKeyActivity>(IDLE);
  /** Of the person who is here: what was asked for somebody else no longer counts. */
  #person: Scope;
  readonly #scope: Scope;

  constructor(api: Api, parent: Scope) {
    this.#api = api;
    this.#scope = new Scope(parent);
    this.#person = new Scope(this.#scope);
    this.#key = new Remote((signal) => fetchOwnKey(api, signal), this.#scope);
    this.key = this.#key;
    this.activity = this.#activity;
  }

  refresh(): Promise<void> {
    return this.#key.refresh();
  }

  /** Forgets what was told: it was somebody else's. */
  clear(): void {
    this.#person.dispose();
    this.#person = new Scope(this.#scope);
    this.#key.clear();
    this.#activity.set(IDLE);
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
      return { provider: this.#key.getSnapshot().data?.provider ?? "", stored: false };
    });
  }

  async #do(work: Work, ask: (signal: AbortSignal) => Promise<OwnKey>): Promise<boolean> {
    if (this.#activity.getSnapshot().work) return false;
    const person = this.#person;
    this.#activity.set({ work, problem: undefined });
    try {
      const key = await ask(person.signal);
      if (person.disposed) return false;
      this.#key.set(key);
      this.#activity.set(IDLE);
      return true;
    } catch (error) {
      if (person.disposed) return false;
      this.#activity.set({ work: undefined, problem: inWords(error, work) });
      return false;
    }
  }
}
