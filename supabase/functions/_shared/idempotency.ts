/** `Idempotency-Key`: the same request of the same caller is done, and charged, once a day. */

import { createHash } from "node:crypto";
import type { Caller } from "./caller.ts";
import { backendUnavailable, type Code, Failure } from "./failure.ts";
import { LIMITS } from "./generated/constants.ts";
import { warn } from "./log.ts";
import { ofAccount } from "./ledger.ts";
import type { Rpc } from "./rpc.ts";

/** After which a caller who repeats a request in progress should try again. */
const RETRY_AFTER_SECONDS = 2;
const WELL_FORMED = /^[\x21-\x7e]+$/;

export interface Answered {
  /** HTTP status. */
  readonly status: number;
  /** JSON. */
  readonly answer: unknown;
}

type Claim =
  | { state: "claimed" | "mismatch" }
  | { state: "in_progress"; retry_after: number }
  | { state: "answered"; status: number; answer: unknown }
  | { state?: undefined; code?: Code; reason?: string };

/**
 * Return the key that a request came with.
 *
 * @throws {Failure} `invalid_message`: it is malformed.
 */
export function keyOf(request: Request): string | null {
  const key = request.headers.get("Idempotency-Key");
  if (key === null) return null;
  if (key.length > LIMITS.idempotency_key_characters || !WELL_FORMED.test(key)) {
    throw new Failure("invalid_message", "Idempotency-Key: 1 to 255 printable ASCII characters");
  }
  return key;
}

/** Gives requests their turns. */
export class Once {
  constructor(private readonly rpc: Rpc, private readonly holdSeconds: number) {}

  /**
   * Do a request's work, or return what it was answered before.
   *
   * @param request Its `fingerprint`.
   * @param work A failure frees the key.
   * @throws {Failure} `request_in_progress`; `invalid_message`: the key was used for another request;
   *   `forbidden` or `unauthenticated`: the account is suspended or gone; `backend_unavailable`.
   */
  async do(
    caller: Caller,
    key: string | null,
    request: string,
    work: () => Promise<Answered>,
  ): Promise<Answered & { repeated: boolean }> {
    if (key === null) return { ...await work(), repeated: false };
    const claim = { user_id: caller.user.id, key, claim: crypto.randomUUID() };
    const claimed = await this.rpc.call("claim_idempotency_key", {
      ...claim,
      fingerprint: request,
      hold_seconds: this.holdSeconds,
    }) as Claim;
    switch (claimed.state) {
      case "answered":
        return { status: claimed.status, answer: claimed.answer, repeated: true };
      case "mismatch":
        throw new Failure("invalid_message", "This Idempotency-Key was used for another request.");
      case "in_progress":
        throw new Failure("request_in_progress", undefined, {
          retryAfter: RETRY_AFTER_SECONDS,
        });
      case "claimed":
        break;
      default:
        throw ofAccount(claimed) ?? backendUnavailable();
    }
    let answered: Answered;
    try {
      answered = await work();
    } catch (error) {
      await this.end("release_idempotency_key", claim);
      throw error;
    }
    const { status, answer } = answered;
    await this.end("answer_idempotency_key", { ...claim, status, answer });
    return { ...answered, repeated: false };
  }

  private async end(name: string, given: Record<string, unknown>): Promise<void> {
    try {
      await this.rpc.call(name, given);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // The work is done. The key stays held for its time, which refuses a second run.
      warn("idempotency_key_left_held");
    }
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Return what makes a request this one, as hexadecimal digits: the SHA-256 of its canonical JSON
 * (RFC 8785). A retry may meet the service in another language.
 *
 * @param route Its last part.
 * @param source The recording's path in storage, or the SHA-256 of the file that was sent.
 * @param asked What is asked for, with its defaults.
 */
export function fingerprint(route: string, source: string, asked: object): string {
  const options = Object.entries(asked).filter(([name]) => name !== "storage_path");
  const canonical = JSON.stringify([route, source, Object.fromEntries(options)], sorted);
  return sha256(new TextEncoder().encode(canonical));
}

/** Puts the members of an object in order, for `JSON.stringify`. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
