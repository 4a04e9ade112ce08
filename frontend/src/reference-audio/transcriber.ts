/** Brings a take to the services: one upload, then as many calls as it takes. */

import type { Transcription } from "../generated/protocol";
import { randomId } from "../lib/random-id";
import { type Audio, type TranscriptionOptions, transcribe } from "../services/api";
import { ApiError, type Progress } from "../services/http";
import type { TakeStorage } from "../services/storage";
import { SignedOutError } from "../session/token";
import type { Take } from "../take/take";
import type { ReferenceAudioServices } from "./services";

/** An upload of one take to one person's folder. */
interface Upload {
  readonly takeId: string;
  readonly userId: string;
  readonly path: Promise<string | undefined>;
  readonly controller: AbortController;
  readonly listeners: Set<Progress>;
}

export class Transcriber {
  readonly #services: ReferenceAudioServices;
  #upload: Upload | undefined;
  /** An idempotency key for each thing that is asked for, kept over its tries. */
  readonly #keys = new Map<string, string>();
  /** Times that someone asked for another answer to the same question. */
  #asked = 0;

  constructor(services: ReferenceAudioServices) {
    this.#services = services;
  }

  /**
   * The take's path once it is uploaded; undefined where storage fails.
   *
   * @throws SignedOutError
   */
  async #uploaded(take: Take, onProgress: Progress): Promise<string | undefined> {
    const { token, account, storage } = this.#services;
    await token();
    const state = account.getSnapshot();
    if (state.status !== "in") throw new SignedOutError();
    if (!storage) return undefined;
    let upload = this.#upload;
    if (upload?.takeId !== take.id || upload.userId !== state.userId) {
      if (upload) this.#withdraw(upload);
      upload = this.#begin(storage, take, state.userId, onProgress);
      this.#upload = upload;
    }
    upload.listeners.add(onProgress);
    try {
      return await upload.path;
    } finally {
      upload.listeners.delete(onProgress);
    }
  }

  #begin(storage: TakeStorage, take: Take, userId: string, first: Progress): Upload {
    const controller = new AbortController();
    const listeners = new Set([first]);
    const onProgress: Progress = (fraction) => {
      for (const listener of listeners) listener(fraction);
    };
    const path = storage
      .upload(userId, take.id, take.file, { signal: controller.signal, onProgress })
      .catch(() => {
        controller.signal.throwIfAborted();
        // Not in storage, for whatever reason: the file goes with the call, and may be tried again.
        if (this.#upload?.takeId === take.id) this.#upload = undefined;
        return undefined;
      });
    return { takeId: take.id, userId, path, controller, listeners };
  }

  /**
   * Runs `call` with the take, once more with the file itself when storage has lost it.
   *
   * @throws SignedOutError, ApiError
   */
  async withAudio<T>(
    take: Take,
    onProgress: Progress,
    call: (audio: Audio, idempotencyKey: string) => Promise<T>,
    purpose: string,
  ): Promise<T> {
    const path = await this.#uploaded(take, onProgress);
    const { file } = take;
    if (path === undefined) return await call({ file }, this.#key(take, "file", purpose));
    onProgress(1);
    try {
      return await call({ storagePath: path }, this.#key(take, path, purpose));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
      this.#upload = undefined;
      return await call({ file }, this.#key(take, "file", purpose));
    }
  }

  #key(take: Take, source: string, purpose: string): string {
    const subject = JSON.stringify([take.id, source, purpose]);
    const key = this.#keys.get(subject) ?? randomId();
    this.#keys.set(subject, key);
    return key;
  }

  transcribe(
    take: Take,
    options: TranscriptionOptions,
    signal: AbortSignal,
    onProgress: Progress,
  ): Promise<Transcription> {
    return this.withAudio(
      take,
      onProgress,
      (audio, idempotencyKey) =>
        transcribe(this.#services.api, audio, options, { idempotencyKey, signal, onProgress }),
      JSON.stringify(["transcribe", options, this.#asked]),
    );
  }

  /** What is asked for next is asked anew, whatever the answer was before. */
  askAnew(): void {
    this.#asked += 1;
  }

  /** Ends an upload of this take, or removes what it left in storage. */
  discard(take: Take): void {
    const upload = this.#upload;
    if (upload?.takeId !== take.id) return;
    this.release();
    this.#withdraw(upload);
  }

  #withdraw(upload: Upload): void {
    upload.controller.abort();
    void this.#remove(upload);
  }

  async #remove(upload: Upload): Promise<void> {
    try {
      const path = await upload.path;
      if (path !== undefined) await this.#services.storage?.remove(path);
    } catch {
      // What stays behind is swept by the services after a day.
    }
  }

  /** Lets go of a take that has become a voice. */
  release(): void {
    this.#upload = undefined;
    this.#keys.clear();
  }
}
