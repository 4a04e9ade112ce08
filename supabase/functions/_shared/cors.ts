/** Which pages may call (the fetch standard's CORS protocol): those of the allow list. */

import { REQUEST_ID } from "./request_id.ts";

const METHODS = ["GET", "POST", "PATCH", "DELETE"];
const HEADERS = [
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  REQUEST_ID,
  // What supabase-js sends with every call of a function.
  "apikey",
  "x-client-info",
];
const ALLOWED_HEADERS = new Set(
  [...HEADERS, "Accept", "Accept-Language", "Content-Language"].map((name) => name.toLowerCase()),
);
const MAX_AGE_SECONDS = 600;

/** Return the answer to a preflight, or undefined where a request is none. */
export function preflight(request: Request, allowed: ReadonlySet<string>): Response | undefined {
  const method = request.headers.get("Access-Control-Request-Method");
  const origin = request.headers.get("Origin");
  if (request.method !== "OPTIONS" || method === null || origin === null) return undefined;
  const asked = (request.headers.get("Access-Control-Request-Headers") ?? "").split(",")
    .map((name) => name.trim().toLowerCase()).filter(Boolean);
  const good = allowed.has(origin) && METHODS.includes(method) &&
    asked.every((name) => ALLOWED_HEADERS.has(name));
  return new Response(good ? "OK" : "Disallowed", {
    status: good ? 200 : 400,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Access-Control-Allow-Methods": METHODS.join(", "),
      "Access-Control-Allow-Headers": HEADERS.join(", "),
      "Access-Control-Max-Age": String(MAX_AGE_SECONDS),
    },
  });
}

/** Let a page of the allow list read an answer. */
export function allow(headers: Headers, request: Request, allowed: ReadonlySet<string>): void {
  headers.append("Vary", "Origin");
  const origin = request.headers.get("Origin");
  if (origin === null || !allowed.has(origin)) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", `Retry-After, ${REQUEST_ID}`);
}
