/** The person's voices: listed, added, and deleted with a moment to change one's mind. */
import {
  type Api,
  deleteVoice,
  listVoices,
  type Readable,
  Scope,
  Store,
  type Voice,
} from "../index";
import { Remote, type RemoteState } from "./remote";

/** Milliseconds in which a deletion can be taken back. */
const UNDO_MS = 8000;

export class Voices {
  readonly list: Readable<RemoteState<Voice[]>>;
  /** The voice that is about to be deleted. */
  readonly leaving: Readable<Voice | undefined>;
  readonly #api: Api;
  readonly #scope: Scope;
  readonly #list: Remote<Voice[]>;
  readonly #leaving = new Store<Voice | undefined>(undefined);
  /** The API for the person whose voice is leaving. */
  #deputy: Promise<Api> | undefined;
  #cancel = () => {};

  constructor(api: Api, parent: Scope) {
    this.#api = api;
    this.#scope = new Scope(parent);
    this.#list = new Remote((signal) => listVoices(api, signal), this.#scope);
    this.list = this.#list;
    this.leaving = this.#leaving;
    // Leaving the page decides it.
    this.#scope.listen(window, "pagehide", () => void this.commit());
    this.#scope.add(() => void this.commit());
  }

  refresh(): Promise<void> {
    return this.#list.refresh();
  }

  /** Forgets the list: it was somebody else's, who has decided. */
  clear(): void {
    void this.commit();
    this.#list.clear();
  }

  add(voice: Voice): void {
    this.#list.set([voice, ...(this.#list.getSnapshot().data ?? [])]);
  }

  remove(voice: Voice): void {
    void this.commit();
    this.#deputy = this.#api.held();
    this.#deputy.catch(() => {}); // told when it is used
    const { data } = this.#list.getSnapshot();
    this.#list.set((data ?? []).filter((each) => each.voice_id !== voice.voice_id));
    this.#leaving.set(voice);
    this.#cancel = this.#scope.after(UNDO_MS, () => void this.commit());
  }

  undo(): void {
    this.#cancel();
    this.#leaving.set(undefined);
    void this.refresh();
  }

  /** Deletes the voice that is leaving, with no way back. */
  async commit(): Promise<void> {
    const voice = this.#leaving.getSnapshot();
    if (!voice) return;
    this.#cancel();
    this.#leaving.set(undefined);
    try {
      await deleteVoice((await this.#deputy) ?? this.#api, voice.voice_id);
    } catch {
      // It is still there: say so by showing it again.
      if (!this.#scope.disposed) await this.refresh();
    }
  }
}
