/** The caller's own folder for takes in Supabase Storage: one upload serves every later call. */
import type { TokenSupplier } from "../session/token";
import { fetchWithProgress, type Progress } from "./http";

const BUCKET = "reference-audio";
/** A larger file goes in pieces of this size, so that a break costs one piece (Supabase takes no other size). */
export const RESUMABLE_BYTES = 6 * 1024 * 1024;

export interface TakeStorage {
  /**
   * Uploads a take and returns the path that names it from then on.
   *
   * @throws Error when storage cannot take it; the recording can then go with each call.
   */
  upload(
    userId: string,
    takeId: string,
    file: File,
    options: { signal: AbortSignal; onProgress: Progress },
  ): Promise<string>;
  /** Forgets a take that is no longer needed. */
  remove(path: string): Promise<void>;
}

const extension = (name: string) => /\.[a-z0-9]{1,5}$/i.exec(name)?.[0].toLowerCase() ?? "";

export class SupabaseTakeStorage implements TakeStorage {
  readonly #url: string;
  readonly #key: string;
  readonly #token: TokenSupplier;

  constructor(supabaseUrl: string, publishableKey: string, token: TokenSupplier) {
    this.#url = `${supabaseUrl.replace(/\/$/, "")}/storage/v1`;
    this.#key = publishableKey;
    this.#token = token;
  }

  async #bucket(transport: typeof fetch) {
    // Not part of the first load: no upload happens in the first seconds.
    const { StorageClient } = await import("@supabase/storage-js");
    const headers = { apikey: this.#key, Authorization: `Bearer ${await this.#token()}` };
    return new StorageClient(this.#url, headers, transport).from(BUCKET);
  }

  async upload(
    userId: string,
    takeId: string,
    file: File,
    { signal, onProgress }: { signal: AbortSignal; onProgress: Progress },
  ): Promise<string> {
    const path = `${userId}/takes/${takeId}${extension(file.name)}`;
    if (file.size > RESUMABLE_BYTES) {
      const { uploadInPieces } = await import("./resumable");
      const offered = await uploadInPieces(
        { url: this.#url, key: this.#key, token: this.#token, bucket: BUCKET, path, file },
        { signal, onProgress },
      );
      if (offered) return path;
    }
    const bucket = await this.#bucket((input, init) =>
      fetchWithProgress(String(input), { ...init, signal }, onProgress),
    );
    // A second try of the same take overwrites what a broken first one may have left.
    const { error } = await bucket.upload(path, file, { contentType: file.type, upsert: true });
    signal.throwIfAborted();
    if (error) throw error;
    return path;
  }

  async remove(path: string): Promise<void> {
    const bucket = await this.#bucket(fetch);
    const { error } = await bucket.remove([path]);
    if (error) throw error;
  }
}
