/** A name for every request, in its log lines and in its answer. */

export const REQUEST_ID = "X-Request-Id";
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

/** Return the caller's name of a request where it is well formed, else make one. */
export function requestIdOf(request: Request): string {
  const asked = request.headers.get(REQUEST_ID) ?? "";
  return WELL_FORMED.test(asked) ? asked : crypto.randomUUID().replaceAll("-", "");
}
