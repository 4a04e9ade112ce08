/** Calls of our own HTTP API, and what goes wrong with them, as data. */
import type { ErrorCode, Problem } from "../generated/protocol";
import { SignedOutError, type TokenSupplier } from "../session/token";

export class ApiError extends Error {
  /** `unreachable` when no answer came at all. */
  readonly code: ErrorCode | "unreachable";
  readonly retryable: boolean;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  /** The person's own sessions that hold the place. */
  readonly openSessions: readonly string[];

  constructor(
    code: ErrorCode | "unreachable",
    detail: string,
    options: {
      retryable?: boolean;
      retryAfter?: number | undefined;
      openSessions?: readonly string[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfter = options.retryAfter;
    this.openSessions = options.openSessions ?? [];
  }
}

export type Progress = (fraction: number) => void;

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as multipart, with progress. */
  readonly form?: FormData;
  readonly onProgress?: Progress | undefined;
  /** The same key and caller within a day gets the same answer and is charged once. */
  readonly idempotencyKey?: string;
  /** Sent even if the page goes. */
  readonly keepalive?: boolean;
  /** The answer is a `Blob`, and not JSON. */
  readonly binary?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Turns an answer that is no success into an error (RFC 9457, or whatever a proxy says). */
function toError(status: number, body: unknown): ApiError {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const detail = problem.detail ?? problem.title ?? `The server answered with status ${status}.`;
  const code = problem.code ?? (status === 401 ? "unauthenticated" : "internal");
  return new ApiError(code, detail, {
    retryable: problem.retryable ?? status >= 500,
    retryAfter: problem.retry_after,
    openSessions: problem.open_sessions,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class Api {
  readonly #base: string;
  readonly #token: TokenSupplier;

  /**
   * @param base Address before `/api`; empty for the page's own host.
   * @param token Not asked for calls that need no sign-in.
   */
  constructor(base: string, token: TokenSupplier) {
    this.#base = base.replace(/\/$/, "");
    this.#token = token;
  }

  /** The same for the person who is signed in now, even after a change of person. */
  async held(): Promise<Api> {
    const token = await this.#token();
    return new Api(this.#base, () => Promise.resolve(token));
  }

  /** A call that anybody may make. */
  async open<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#send<T>(path, { signal }, undefined);
  }

  /**
   * A call on behalf of the person. An expired token is replaced once.
   *
   * @throws SignedOutError, ApiError, or the signal's reason.
   */
  async call<T>(path: string, request: ApiRequest = {}): Promise<T> {
    try {
      return await this.#send<T>(path, request, await this.#token());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "unauthenticated") throw new SignedOutError();
      if (error.code !== "token_expired") throw error;
      return await this.#send<T>(path, request, await this.#token(true));
    }
  }

  async #send<T>(path: string, request: ApiRequest, token: string | undefined): Promise<T> {
    const headers: Record<string, string> = { Accept: request.binary ? "*/*" : "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (request.json !== undefined) headers["Content-Type"] = "application/json";
    if (request.idempotencyKey) headers["Idempotency-Key"] = request.idempotencyKey;
    const response = await fetchWithProgress(
      `${this.#base}/api${path}`,
      {
        method: request.method ?? "GET",
        headers,
        body: request.form ?? (request.json === undefined ? null : JSON.stringify(request.json)),
        signal: request.signal ?? null,
        keepalive: request.keepalive ?? false,
      },
      request.onProgress,
    );
    if (response.ok && request.binary) return (await response.blob()) as T;
    const body = parseJson(await response.text());
    if (!response.ok) throw toError(response.status, body);
    return body as T;
  }
}

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const NULL_BODY = [101, 103, 204, 205, 304];

/**
 * `fetch` that tells how much of the body is sent, which `fetch` itself cannot.
 *
 * @throws ApiError `unreachable` when no answer comes, or the signal's reason.
 */
export async function fetchWithProgress(
  url: string,
  init: RequestInit,
  onProgress?: Progress,
): Promise<Response> {
  const unreachable = (cause?: unknown) =>
    new ApiError("unreachable", "The server cannot be reached.", { retryable: true, cause });
  const signal = init.signal ?? undefined;
  if (!onProgress) {
    try {
      return await fetch(url, init);
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(error);
    }
  }
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(init.method ?? "GET", url);
    new Headers(init.headers).forEach((value, name) => {
      request.setRequestHeader(name, value);
    });
    const abort = () => request.abort();
    const done = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      done();
      const { status } = request;
      const body = NULL_BODY.includes(status) ? null : request.responseText;
      resolve(new Response(body, { status }));
    };
    request.onabort = () => {
      done();
      reject(signal?.reason ?? unreachable());
    };
    request.onerror = () => {
      done();
      reject(unreachable());
    };
    request.send((init.body ?? null) as XMLHttpRequestBodyInit | null);
  });
}
