/** Takes in this browser's own database, so that a reload or a crash loses nothing. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Timed } from "../transcript/timed";
import type { Transcript } from "../transcript/transcript";
import type { Stretch } from "./take";

/** What is kept beside the audio. */
export interface TakeRecord {
  readonly id: string;
  readonly kind: "recording" | "file";
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Who may see it again: the user's id, or undefined for anyone here who has no account. */
  readonly owner: string | undefined;
  /** Hertz of a recording's PCM. */
  readonly rate: number;
  /** A chosen file as it is. */
  readonly file: File | undefined;
  readonly language: string;
  /** As the provider heard it. */
  readonly detectedLanguage?: string | undefined;
  /** When it was last the one at hand, milliseconds since 1970. */
  readonly chosenAt?: number;
  /** Deleted, and not yet for good. */
  readonly removed?: boolean;
  readonly transcript: Transcript;
  /** The text that stood there to be read. */
  readonly read?: string | undefined;
  /** When the words were said. */
  readonly timed?: Timed | undefined;
  /** The part of the audio that is the take; what was said of the whole is kept for an undo. */
  readonly cut?: (Stretch & Words) | undefined;
}

/** A text, and when its words were said. */
export interface Words {
  readonly transcript: Transcript;
  /** The text that stood there to be read. */
  readonly read: string | undefined;
  readonly timed: Timed | undefined;
}

/** A file as its bytes: WebKit's private windows store no `File`. */
interface Bytes {
  readonly name: string;
  readonly type: string;
  readonly bytes: ArrayBuffer;
}

/** As it lies in the database. */
type Kept = Omit<TakeRecord, "file"> & { readonly file: File | Bytes | undefined };

interface Schema extends DBSchema {
  takes: { key: string; value: Kept };
  /** A recording's PCM in the order it came, under `[take id, number]`. */
  blocks: { key: [string, number]; value: Int16Array<ArrayBuffer> };
}

export interface StoredTake extends TakeRecord {
  readonly blocks: readonly Int16Array<ArrayBuffer>[];
}

async function asBytes(file: File): Promise<Bytes> {
  return { name: file.name, type: file.type, bytes: await file.arrayBuffer() };
}

const asFile = (file: Kept["file"]) =>
  file === undefined || file instanceof File
    ? file
    : new File([file.bytes], file.name, { type: file.type });

const blocksOf = (id: string) => IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);

export class TakeStore {
  readonly #name: string;
  #database: Promise<IDBPDatabase<Schema>> | undefined;
  /** Gives back the locks of the takes that this page works on. */
  readonly #held = new Map<string, () => void>();

  constructor(name = "utter-takes") {
    this.#name = name;
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= this.#connect().catch((error: unknown) => {
      this.#database = undefined; // the next write asks again
      throw error;
    });
    return this.#database;
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    return openDB<Schema>(this.#name, 1, {
      upgrade(database) {
        database.createObjectStore("takes", { keyPath: "id" });
        database.createObjectStore("blocks");
      },
      terminated: () => {
        this.#database = undefined;
      },
    });
  }

  /** Writes what is kept beside the audio, whole. */
  async save(record: TakeRecord): Promise<void> {
    await this.hold(record.id);
    const database = await this.#open();
    const { file } = record;
    try {
      await database.put("takes", record);
    } catch (error) {
      if (!file) throw error;
      await database.put("takes", { ...record, file: await asBytes(file) });
    }
  }

  /** Changes some of it; a take that is gone stays gone. */
  async update(id: string, change: Partial<Omit<TakeRecord, "id">>): Promise<void> {
    const transaction = (await this.#open()).transaction("takes", "readwrite");
    const record = await transaction.store.get(id);
    if (record) await transaction.store.put({ ...record, ...change });
    await transaction.done;
  }

  async append(id: string, index: number, pcm: Int16Array<ArrayBuffer>): Promise<void> {
    await (await this.#open()).put("blocks", pcm, [id, index]);
  }

  async remove(id: string): Promise<void> {
    const transaction = (await this.#open()).transaction(["takes", "blocks"], "readwrite");
    await Promise.all([
      transaction.objectStore("takes").delete(id),
      transaction.objectStore("blocks").delete(blocksOf(id)),
      transaction.done,
    ]);
    this.release(id);
  }

  /**
   * The takes that are `owner`'s, nobody's without one, and that no other page works on: the one
   * that was at hand first, and at most so many.
   */
  async restore(owner: string | undefined, most: number): Promise<StoredTake[]> {
    const database = await this.#open();
    const records = await database.getAll("takes");
    const at = ({ chosenAt, madeAt }: Kept) => chosenAt ?? madeAt;
    records.sort((a, b) => at(b) - at(a));
    const found: StoredTake[] = [];
    for (const record of records) {
      if (found.length === most) break;
      if (record.owner !== owner) continue;
      if (this.#held.has(record.id) || !(await this.hold(record.id))) continue;
      const blocks = await database.getAll("blocks", blocksOf(record.id));
      const isThere = !record.removed && (record.file || blocks.length > 0);
      if (isThere) found.push({ ...record, file: asFile(record.file), blocks });
      else await this.remove(record.id);
    }
    return found;
  }

  /** Marks a take as this page's; false when another page has it. Ends with the page. */
  async hold(id: string): Promise<boolean> {
    if (this.#held.has(id) || !("locks" in navigator)) return true;
    return new Promise((resolve) => {
      const options = { ifAvailable: true };
      void navigator.locks.request(`${this.#name}:${id}`, options, (lock) => {
        resolve(lock !== null);
        if (!lock) return undefined;
        return new Promise<void>((release) => this.#held.set(id, release));
      });
    });
  }

  release(id: string): void {
    this.#held.get(id)?.();
    this.#held.delete(id);
  }

  async close(): Promise<void> {
    for (const id of [...this.#held.keys()]) this.release(id);
    const database = await this.#database;
    this.#database = undefined;
    database?.close();
  }
}
