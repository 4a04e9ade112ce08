/** Failures as `application/problem+json` (RFC 9457). */

import { Failure } from "./failure.ts";
import type { ErrorEvent, Problem } from "./generated/protocol.ts";

/**
 * Return a failure as an answer.
 *
 * @param status HTTP status, where it is not that of the table of codes.
 */
export function respond(
  failure: Failure,
  requestId: string,
  { status, headers }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const problem: Problem = {
    type: `urn:utter-transcribe:problem:${failure.code}`,
    title: failure.title,
    status: status ?? failure.status,
    detail: failure.message,
    code: failure.code,
    retryable: failure.retryable,
    request_id: requestId,
  };
  if (failure.retryAfter !== undefined) problem.retry_after = failure.retryAfter;
  if (failure.openSessions.length > 0) problem.open_sessions = [...failure.openSessions];
  if (failure.match !== undefined) {
    const { rate, doubts, coverage } = failure.match;
    problem.match = { rate, doubts, coverage };
  }
  const fields = new Headers({ "Content-Type": "application/problem+json", ...headers });
  if (problem.status === 401) fields.set("WWW-Authenticate", "Bearer");
  if (failure.retryAfter !== undefined) {
    // Whole seconds (RFC 9110, section 10.2.3), and not too early.
    fields.set("Retry-After", String(Math.ceil(failure.retryAfter)));
  }
  return new Response(JSON.stringify(problem), { status: problem.status, headers: fields });
}

/** Return the server-sent event that ends a stream with a failure. */
export function eventOf(failure: Failure): ErrorEvent {
  const event: ErrorEvent = {
    type: "error",
    message: failure.message,
    code: failure.code,
    retryable: failure.retryable,
  };
  if (failure.retryAfter !== undefined) event.retry_after = failure.retryAfter;
  return event;
}
