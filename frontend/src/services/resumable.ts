/** Uploads in pieces by tus, as Supabase Storage takes them: a line that breaks costs one piece. */
import { DetailedError, Upload } from "tus-js-client";
import type { TokenSupplier } from "../session/token";
import type { Progress } from "./http";
import { RESUMABLE_BYTES } from "./storage";

/** Milliseconds before each try that follows a break; a piece that arrives starts them anew. */
const RETRY_MS = [0, 500, 1000, 2000, 4000, 8000, 16_000];
/** What a storage service without tus answers. */
const NOT_OFFERED = new Set([404, 405, 501]);

export interface Piecewise {
  /** Address of `/storage/v1`. */
  readonly url: string;
  readonly key: string;
  readonly token: TokenSupplier;
  readonly bucket: string;
  readonly path: string;
  readonly file: File;
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof DetailedError ? error.originalResponse?.getStatus() : undefined;

/**
 * Uploads a file. Resolves to false where the service does not offer it, before a byte is sent.
 *
 * @throws DetailedError when the file is refused or the line stays away, or the signal's reason.
 */
export function uploadInPieces(
  { url, key, token, bucket, path, file }: Piecewise,
  { signal, onProgress }: { signal: AbortSignal; onProgress: Progress },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let begun = false;
    let refused = false;
    const upload = new Upload(file, {
      endpoint: `${url}/upload/resumable`,
      chunkSize: RESUMABLE_BYTES,
      retryDelays: RETRY_MS,
      uploadDataDuringCreation: false,
      // Nothing about a person's recording stays in the browser's storage.
      storeFingerprintForResuming: false,
      headers: { apikey: key, "x-upsert": "true" },
      metadata: {
        bucketName: bucket,
        objectName: path,
        contentType: file.type,
        cacheControl: "3600",
      },
      // A long upload outlives a token.
      onBeforeRequest: async (request) => {
        request.setHeader("Authorization", `Bearer ${await token(refused)}`);
        refused = false;
      },
      onUploadUrlAvailable: () => {
        begun = true;
      },
      onShouldRetry: (error) => {
        const status = statusOf(error);
        refused = status === 401 || status === 403;
        return (
          status === undefined ||
          status === 0 ||
          (begun && refused) ||
          [409, 423, 429].includes(status) ||
          (status >= 500 && status !== 501)
        );
      },
      onProgress: (sent, size) => onProgress(sent / size),
      onSuccess: () => resolve(true),
      onError: (error) => {
        if (!begun && NOT_OFFERED.has(statusOf(error) ?? 0)) resolve(false);
        else reject(error);
      },
    });
    signal.addEventListener(
      "abort",
      () => {
        void upload.abort(true).catch(() => {}); // what is left there, the service forgets by itself
        reject(signal.reason);
      },
      { once: true },
    );
    if (signal.aborted) reject(signal.reason);
    else upload.start();
  });
}
