/**
 * The bucket of recordings.
 *
 * Reading goes by the caller's own token, so that row level security decides. The secret key
 * writes and removes the recordings of voices alone.
 */

import { Gathered, inPieces } from "./body.ts";
import type { Caller } from "./caller.ts";
import { backendUnavailable, Failure } from "./failure.ts";
import { kindOf, warn } from "./log.ts";
import type { Settings } from "./settings.ts";
import { jsonOf, ofStorage, type Supabase } from "./supabase.ts";

const BUCKET = "reference-audio";
/** For a whole recording, one way. */
export const TRANSFER_SECONDS = 60;
const ASK_SECONDS = 30;
/** A folder and a file, as the bucket's policies let them be named. */
const BELOW_THE_USER = /^(?:\/[A-Za-z0-9][A-Za-z0-9._-]*){2}$/;

/** Recordings of all users. */
export class Storage {
  constructor(private readonly supabase: Supabase, private readonly settings: Settings) {}

  /**
   * Fetch a recording of the caller's own, with the caller's own token.
   *
   * @param take Takes room for it.
   * @throws {Failure} `forbidden`, `not_found`, `payload_too_large` or `backend_unavailable`.
   */
  async download(
    path: string,
    caller: Caller,
    take: (bytes: number) => void,
  ): Promise<Uint8Array<ArrayBuffer>> {
    checkOwn(path, caller);
    const response = await this.supabase.ask(
      `/storage/v1/object/authenticated/${BUCKET}/${path}`,
      { headers: this.supabase.asCaller(caller), seconds: TRANSFER_SECONDS },
    );
    if (response.status !== 200) throw ofStorage(await trueStatus(response), caller);
    const { maxUploadBytes } = this.settings;
    const told = Number(response.headers.get("Content-Length") ?? 0);
    try {
      take(Math.min(told || maxUploadBytes, maxUploadBytes));
      const gathered = new Gathered(Math.min(told, maxUploadBytes));
      for await (const chunk of response.body ?? []) {
        if (gathered.size + chunk.length > maxUploadBytes) throw new Failure("payload_too_large");
        gathered.add(chunk);
      }
      return gathered.bytes;
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      if (error instanceof Failure) throw error;
      warn("storage_failed", { error: kindOf(error) });
      throw backendUnavailable();
    }
  }

  /** Store a recording; what has the same name is replaced. */
  async upload(path: string, bytes: Uint8Array, mimeType: string): Promise<void> {
    const response = await this.supabase.ask(`/storage/v1/object/${BUCKET}/${path}`, {
      method: "POST",
      headers: { ...this.supabase.asService(), "Content-Type": mimeType, "x-upsert": "true" },
      body: inPieces(bytes),
      seconds: TRANSFER_SECONDS,
    });
    if (!response.ok) throw ofStorage(await trueStatus(response));
    await response.body?.cancel();
  }

  /** Remove a recording; one that is not there is none. */
  async remove(path: string): Promise<void> {
    const response = await this.supabase.ask(`/storage/v1/object/${BUCKET}`, {
      method: "DELETE",
      headers: { ...this.supabase.asService(), "Content-Type": "application/json" },
      body: JSON.stringify({ prefixes: [path] }),
      seconds: ASK_SECONDS,
    });
    if (!response.ok) throw ofStorage(await trueStatus(response));
    await response.body?.cancel();
  }

  /** Return an address where a recording of the caller's own can be fetched for a while. */
  async sign(path: string, caller: Caller): Promise<string> {
    const response = await this.supabase.ask(`/storage/v1/object/sign/${BUCKET}/${path}`, {
      method: "POST",
      headers: { ...this.supabase.asCaller(caller), "Content-Type": "application/json" },
      body: JSON.stringify({ expiresIn: this.settings.signedUrlSeconds }),
      seconds: ASK_SECONDS,
    });
    if (!response.ok) throw ofStorage(await trueStatus(response), caller);
    const { signedURL } = await jsonOf(response) as { signedURL?: unknown };
    if (typeof signedURL !== "string") throw backendUnavailable();
    return `${this.settings.publicSupabaseUrl}/storage/v1${signedURL}`;
  }
}

/**
 * Refuse a path that does not name a recording in the caller's own folder.
 *
 * @throws {Failure} `forbidden`: it is another user's, or leads out of the folder; `not_found`:
 *   nothing can have such a name.
 */
export function checkOwn(path: string, caller: Caller): void {
  const parts = path.split("/");
  if (parts[0] !== caller.user.id || parts.includes(".") || parts.includes("..")) {
    throw new Failure("forbidden", "That is not a recording of yours.");
  }
  if (!BELOW_THE_USER.test(path.slice(caller.user.id.length))) {
    throw new Failure("not_found", "There is no such recording of yours.");
  }
}

/** Return the status in a refusal's body, else that of HTTP. */
async function trueStatus(response: Response): Promise<string> {
  const told = (await jsonOf(response) as { statusCode?: unknown } | undefined)?.statusCode;
  return String(told ?? response.status);
}
