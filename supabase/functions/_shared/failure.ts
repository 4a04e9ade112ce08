/** What can go wrong, with a code of the table that both ends know. */

import { ERRORS } from "./generated/constants.ts";
import type { Match } from "./generated/protocol.ts";
import { redacted } from "./redaction.ts";

export type Code = keyof typeof ERRORS;

const RETRY_AFTER_SECONDS = 5;

/** An error for a caller: its message is for a person and holds nothing secret. */
export class Failure extends Error {
  /** Seconds to wait before another try, where that is known. */
  readonly retryAfter: number | undefined;
  /** With `session_limit`: the caller's own open sessions. */
  readonly openSessions: readonly string[];
  /** With `text_mismatch`: where text and recording differ. */
  readonly match: Match | undefined;

  constructor(
    readonly code: Code,
    message?: string,
    options: { retryAfter?: number; openSessions?: readonly string[]; match?: Match } = {},
  ) {
    super(message ?? `${ERRORS[code].title}.`);
    this.retryAfter = options.retryAfter;
    this.openSessions = options.openSessions ?? [];
    this.match = options.match;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get title(): string {
    return ERRORS[this.code].title;
  }

  get status(): number {
    return ERRORS[this.code].http ?? 500;
  }
}

/** A bug: logged in full under an id, told as that id alone. */
export function unexpected(event: string, error: unknown): Failure {
  const errorId = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  const stack = error instanceof Error ? error.stack : String(error);
  console.error(JSON.stringify({ event, error_id: errorId, stack: redacted(stack ?? "") }));
  return new Failure("internal", `Something went wrong on our side (error ${errorId}).`);
}

/** Storage or the database does not answer, or not as it should. */
export function backendUnavailable(): Failure {
  const message = "Stored data cannot be reached now. Try again in a moment.";
  return new Failure("backend_unavailable", message, { retryAfter: RETRY_AFTER_SECONDS });
}

/** The ledger cannot be asked, or its answer is not understood. */
export function ledgerUnavailable(): Failure {
  return new Failure("ledger_unavailable", undefined, { retryAfter: RETRY_AFTER_SECONDS });
}
