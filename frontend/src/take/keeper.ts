/** Writes the take at hand into the browser's database as it grows, in order and in the background. */
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import type { TakeRecord, TakeStore } from "./take-store";

/** Seconds of PCM that one write holds: what a crash may cost. */
const CHUNK_SECONDS = 1;
/** Milliseconds between a change of the text and its write. */
const SETTLE_MS = 400;

type Change = Partial<Omit<TakeRecord, "id">>;

/** False once the browser has refused to keep something (private mode, no space left). */
export class TakeKeeper implements Readable<boolean> {
  readonly #store: TakeStore | undefined;
  readonly #scope: Scope;
  readonly #works = new Store(true);
  readonly getSnapshot = this.#works.getSnapshot;
  readonly subscribe = this.#works.subscribe;
  #queue: Promise<void> = Promise.resolve();
  #record: TakeRecord | undefined;
  #pending: Int16Array<ArrayBuffer>[] = [];
  #pendingSamples = 0;
  /** Chunks of audio, and how many are written: one that was refused is tried with the next. */
  #tape = { chunks: [] as Int16Array<ArrayBuffer>[], written: 0 };
  #change: Change = {};
  #cancelSettle = () => {};

  constructor(store: TakeStore | undefined, parent: Scope) {
    this.#store = store;
    this.#scope = new Scope(parent);
    this.#works.set(store !== undefined);
    this.#scope.add(() => this.#flush());
  }

  /** What is kept beside the audio of the take at hand. */
  get record(): TakeRecord | undefined {
    return this.#record;
  }

  /** Begins a take; the one before it must have been forgotten or adopted elsewhere. */
  begin(record: TakeRecord): void {
    this.resume(record);
    this.#enqueue((store) => store.save(record));
  }

  /** Goes on with a take that is in the database already. */
  resume(record: TakeRecord): void {
    this.#record = record;
    this.#pending = [];
    this.#pendingSamples = 0;
    this.#tape = { chunks: [], written: 0 };
    this.#change = {};
  }

  push(pcm: Int16Array<ArrayBuffer>): void {
    if (!this.#record) return;
    this.#pending.push(pcm);
    this.#pendingSamples += pcm.length;
    if (this.#pendingSamples >= this.#record.rate * CHUNK_SECONDS) this.flushAudio();
  }

  /** Writes the audio that is pending. */
  flushAudio(): void {
    const id = this.#record?.id;
    if (id === undefined || this.#pendingSamples === 0) return;
    const chunk = new Int16Array(this.#pendingSamples);
    let at = 0;
    for (const block of this.#pending) {
      chunk.set(block, at);
      at += block.length;
    }
    this.#pending = [];
    this.#pendingSamples = 0;
    const tape = this.#tape;
    tape.chunks.push(chunk);
    this.#enqueue(async (store) => {
      for (let next = tape.chunks[0]; next; next = tape.chunks[0]) {
        await store.append(id, tape.written, next);
        tape.chunks.shift();
        tape.written += 1;
      }
    });
  }

  /** Notes a change beside the audio; many in a row are written once. */
  update(change: Change): void {
    if (!this.#record) return;
    this.#record = { ...this.#record, ...change };
    this.#change = { ...this.#change, ...change };
    this.#cancelSettle();
    this.#cancelSettle = this.#scope.after(SETTLE_MS, () => this.#writeChange());
  }

  #writeChange(): void {
    const id = this.#record?.id;
    const change = this.#change;
    this.#change = {};
    if (id !== undefined && Object.keys(change).length > 0) {
      this.#enqueue((store) => store.update(id, change));
    }
  }

  #flush(): void {
    this.flushAudio();
    this.#writeChange();
  }

  /** Gives a take that is nobody's to a person. */
  own(owner: string, record = this.#record): TakeRecord | undefined {
    if (!record || record.owner !== undefined) return record;
    const owned = { ...record, owner };
    if (record === this.#record) this.#record = owned;
    this.#enqueue((store) => store.update(record.id, { owner }));
    return owned;
  }

  /** The take was submitted or discarded. */
  forget(): void {
    const id = this.#letGo();
    if (id !== undefined) this.remove(id);
  }

  /** The page has let go of the take; it stays for its person. */
  leave(): void {
    this.#flush();
    const id = this.#letGo();
    if (id !== undefined) this.release(id);
  }

  /** Turns to another take; this one stays the page's. */
  putAside(): void {
    this.#flush();
    this.#letGo();
  }

  /** Deletes a take that is not at hand, for good. */
  remove(id: string): void {
    this.#enqueue((store) => store.remove(id));
  }

  /** Lets another page have a take that is not at hand. */
  release(id: string): void {
    this.#enqueue(async (store) => store.release(id));
  }

  /** Marks a take that is not at hand as deleted, or takes that back. */
  mark(id: string, removed: boolean): void {
    this.#enqueue((store) => store.update(id, { removed }));
  }

  #letGo(): string | undefined {
    const id = this.#record?.id;
    this.#cancelSettle();
    this.#record = undefined;
    this.#pending = [];
    this.#pendingSamples = 0;
    this.#change = {};
    return id;
  }

  /** Resolves when everything so far is written, or refused. */
  settled(): Promise<void> {
    return this.#queue;
  }

  #enqueue(write: (store: TakeStore) => Promise<void>): void {
    const store = this.#store;
    if (!store) return;
    this.#queue = this.#queue
      .then(() => write(store))
      .catch(() => {
        // The take lives on in the page; the person learns that it would not outlive it.
        this.#works.set(false);
      });
  }
}
