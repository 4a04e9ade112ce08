/** How Supabase is asked: in a caller's name, or with the secret key. */

import { readAll } from "./body.ts";
import type { Caller } from "./caller.ts";
import { backendUnavailable, Failure } from "./failure.ts";
import { alarm, kindOf, warn } from "./log.ts";
import type { Settings } from "./settings.ts";

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly seconds: number;
}

/** One project's two ways in. */
export class Supabase {
  readonly url: string;

  constructor(private readonly settings: Settings) {
    this.url = settings.supabaseUrl;
  }

  asService(): Record<string, string> {
    const { secretKey } = this.settings;
    return { "apikey": secretKey, "Authorization": `Bearer ${secretKey}` };
  }

  /** Headers with which row level security sees the caller. */
  asCaller(caller: Caller): Record<string, string> {
    return {
      "apikey": this.settings.publishableKey,
      "Authorization": `Bearer ${caller.token}`,
    };
  }

  /**
   * Ask, and return the answer with its body unread.
   *
   * @throws {Failure} `backend_unavailable`: no answer came in time.
   */
  async ask(path: string, { seconds, ...options }: Ask): Promise<Response> {
    try {
      const signal = AbortSignal.timeout(seconds * 1000);
      return await fetch(this.url + path, { redirect: "manual", signal, ...options });
    } catch (error) {
      warn("supabase_failed", { error: kindOf(error) });
      throw backendUnavailable();
    }
  }

  /**
   * Ask the REST API for rows.
   *
   * @throws {Failure} told by SQLSTATE or PostgREST's own code.
   */
  async rows(path: string, options: Ask): Promise<unknown[]> {
    const response = await this.ask(`/rest/v1/${path}`, options);
    const answer = await jsonOf(response);
    if (!response.ok) throw ofDatabase(answer);
    if (answer === undefined) return [];
    if (!Array.isArray(answer)) throw backendUnavailable();
    return answer;
  }
}

/** Return an answer's JSON, or undefined where there is none. */
export async function jsonOf(response: Response): Promise<unknown> {
  try {
    const body = await readAll(response.body, MAX_ANSWER_BYTES);
    return body.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    if (response.ok && !(error instanceof SyntaxError)) throw backendUnavailable();
    return undefined;
  }
}

/**
 * Return what a refusal of the storage API means.
 *
 * @param status The true one: its answers have HTTP 400 and tell it as `statusCode`.
 * @param caller In whose name it was asked; undefined: with the secret key.
 */
export function ofStorage(status: string, caller?: Caller): Failure {
  if (["400", "401", "403", "404"].includes(status) && caller !== undefined) {
    if (caller.user.expiresAt <= Date.now() / 1000) return new Failure("token_expired");
    // Row level security hides what is another's: it might as well not be there.
    return new Failure("not_found", "There is no such recording of yours.");
  }
  if (status === "413") return new Failure("payload_too_large");
  if (status === "415") return new Failure("unsupported_audio");
  alarm("storage_refused", { status });
  return backendUnavailable();
}

function ofDatabase(answer: unknown): Failure {
  const code = (answer as { code?: unknown } | undefined)?.code;
  switch (code) {
    case "23503": // foreign_key_violation
      return new Failure("unauthenticated", "The account is gone.");
    case "UT001":
      return new Failure("forbidden", "This account is suspended.");
    case "UT002":
      return new Failure("storage_limit", "Delete a voice that you no longer need.");
    case "23514": // a check
    case "22001": // a text that does not fit
    case "22P05":
    case "22021":
      return new Failure("invalid_message");
    case "PGRST301":
    case "PGRST303":
      return new Failure("token_expired");
  }
  alarm("database_refused", { code: String(code) });
  return backendUnavailable();
}
