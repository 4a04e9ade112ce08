/** The person's voices: listed, added, and deleted with a moment to change one's mind. */
import { type Api, deleteVoice, listVoices, renameVoice, Scope, Store, type Voice } from "../index";
import { Remote } from "./remote";

/** Milliseconds in which a deletion can be taken back. */
const UNDO_MS = 8000;

export class Voices {
  readonly list: Remote<Voice[]>;
  /** The voice that is about to be deleted. */
  readonly leaving = new Store<Voice | undefined>(undefined);
  /** The voice whose deletion failed. */
  readonly kept = new Store<Voice | undefined>(undefined);
  readonly #api: Api;
  readonly #scope: Scope;
  /** The API for the person whose voice is leaving. */
  #deputy: Promise<Api> | undefined;
  #cancel = () => {};
  #held = false;
  /** Counts whose voices they were: what comes late for someone else is not shown. */
  #person = 0;

  constructor(api: Api, parent: Scope) {
    this.#api = api;
    this.#scope = new Scope(parent);
    this.list = new Remote((signal) => listVoices(api, signal), this.#scope);
    // Leaving the page decides it.
    this.#scope.listen(window, "pagehide", () => void this.commit());
    this.#scope.add(() => void this.commit());
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** Forgets the list: it was someone else's, who has decided. */
  clear(): void {
    void this.commit();
    this.#person += 1;
    this.kept.set(undefined);
    this.list.clear();
  }

  add(voice: Voice): void {
    this.list.set([voice, ...(this.list.getSnapshot().data ?? [])]);
  }

  /** False where it could not be done. */
  async rename(voice: Voice, name: string): Promise<boolean> {
    try {
      const renamed = await renameVoice(this.#api, voice.voice_id, name);
      const { data } = this.list.getSnapshot();
      const swap = (each: Voice) => (each.voice_id === voice.voice_id ? renamed : each);
      if (data && !this.#scope.disposed) this.list.set(data.map(swap));
      return true;
    } catch {
      return false;
    }
  }

  remove(voice: Voice): void {
    void this.commit();
    this.#deputy = this.#api.held();
    this.#deputy.catch(() => {}); // told when it is used
    const { data } = this.list.getSnapshot();
    this.list.set((data ?? []).filter((each) => each.voice_id !== voice.voice_id));
    this.kept.set(undefined);
    this.leaving.set(voice);
    this.#count();
  }

  #count(): void {
    this.#cancel();
    const isCounting = this.leaving.getSnapshot() && !this.#held;
    if (isCounting) this.#cancel = this.#scope.after(UNDO_MS, () => void this.commit());
  }

  /** Nothing is decided behind the back of someone who works in the list by keyboard. */
  hold(held: boolean): void {
    this.#held = held;
    this.#count();
  }

  /** Needs no network: the voice has not been deleted yet. */
  undo(): void {
    const voice = this.leaving.getSnapshot();
    this.#cancel();
    this.leaving.set(undefined);
    if (voice) this.#bringBack(voice);
  }

  #bringBack(voice: Voice): void {
    const others = (this.list.getSnapshot().data ?? []).filter(
      (each) => each.voice_id !== voice.voice_id,
    );
    const newestFirst = (a: Voice, b: Voice) => Date.parse(b.created_at) - Date.parse(a.created_at);
    this.list.set([...others, voice].sort(newestFirst));
  }

  /** Deletes the voice that is leaving, with no way back. */
  async commit(): Promise<void> {
    const voice = this.leaving.getSnapshot();
    if (!voice) return;
    this.#cancel();
    this.leaving.set(undefined);
    const person = this.#person;
    try {
      await deleteVoice((await this.#deputy) ?? this.#api, voice.voice_id);
    } catch {
      if (this.#scope.disposed || this.#person !== person) return;
      this.#bringBack(voice);
      this.kept.set(voice);
    }
  }
}
