/**
 * Mistral's refusals as our failures.
 *
 * An error body's `message` is a string or an object with `detail` (seen on the wire). Only a
 * refusal of the request itself is passed on in Mistral's words, and only when they hold neither
 * an address nor anything like a key.
 */

import { Failure } from "./failure.ts";
import { alarm } from "./log.ts";

const MAX_SHOWN = 300;
const MAX_RETRY_AFTER = 3600;
const SECONDS = /^-?(?:[0-9]+(?:\.[0-9]+)?|inf)$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$/;
/** An address, a long token, a host name, a file's path, a stack, or control characters. */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /:\/\/|[A-Za-z0-9_-]{24,}|\w\.[A-Za-z]{2,}\b|\d+(?:\.\d+){3}|[\\/][\w.-]+[\\/]|\bTraceback\b|\bline \d+|[\x00-\x1f]/;
const REJECTED = new Set([400, 404, 413, 415, 422]);
/** Unknown, unpaid, not allowed. */
const KEY_REFUSED = new Set([401, 402, 403]);

/** Return the failure that an HTTP status of Mistral's means for a caller of ours. */
export function ofStatus(status: number, body: unknown, retryAfter: string | null): Failure {
  const wait = { retryAfter: retryAfterSeconds(retryAfter) };
  if (status === 429) return new Failure("provider_rate_limited", undefined, wait);
  if (REJECTED.has(status)) return new Failure("provider_rejected", shown(body));
  if (KEY_REFUSED.has(status)) {
    // The operator's alarm: a user can do nothing about our key.
    alarm("provider_key_refused", { status });
    return unavailable();
  }
  return new Failure("provider_unavailable", undefined, wait);
}

export function unavailable(message?: string): Failure {
  return new Failure("provider_unavailable", message);
}

/** Return a refusal's own words where they are safe to show. */
function shown(body: unknown): string | undefined {
  let message = body;
  for (const name of ["error", "message", "detail"]) {
    if (isObject(message)) message = message[name] ?? message;
  }
  if (Array.isArray(message) && isObject(message[0])) message = message[0].msg;
  if (typeof message !== "string" || UNSAFE.test(message)) return undefined;
  if ([...message].length > MAX_SHOWN) return undefined;
  return `The provider refused the request: ${message.trim()}`;
}

/** Return a `Retry-After` header (RFC 9110, section 10.2.3) as seconds, at most an hour. */
function retryAfterSeconds(header: string | null): number | undefined {
  const told = (header ?? "").trim();
  const wait = SECONDS.test(told)
    ? Number(told.replace("inf", "Infinity"))
    : HTTP_DATE.test(told)
    ? (Date.parse(told) - Date.now()) / 1000
    : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
