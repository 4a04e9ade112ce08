/**
 * Values of settings as people paste them (`transcription/pasted.py`). What came along around a
 * value is taken off; what no key or origin can hold is refused, by a message without the value.
 */

import { TEXT } from "./generated/constants.ts";

const AROUND = new RegExp(`[${TEXT.white_space}${TEXT.dropped}${TEXT.controls}]`, "u");
const HIDDEN = new RegExp(`[${TEXT.dropped}${TEXT.controls}]`, "u");
const QUOTES = new Set(
  ['""', "''", "``", "“”", "„“", "””", "‘’", "’’", "‚‘", "«»", "»«"],
);
const NO_KEY = /[^\x21-\x7e]|["'`]/u;
const ORIGIN =
  /^(https?|capacitor|ionic|tauri|app|[a-z]+(?:-[a-z]+)*-extension):\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;
const USUAL_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * Return a value without the white space, the byte order mark and the quotes around it.
 *
 * @throws {RangeError} it holds an invisible character.
 */
export function pasted(value: string): string {
  let kept = bare(value);
  while (isQuoted(kept)) kept = bare(kept.slice(1, -1));
  const hidden = HIDDEN.exec(kept);
  if (hidden === null) return kept;
  throw new RangeError(`holds an invisible character (${named(hidden[0])})`);
}

/**
 * Return a key that an HTTP header can carry.
 *
 * @throws {RangeError} it holds a character that no key has.
 */
export function checkedKey(key: string): string {
  const odd = NO_KEY.exec(key);
  if (odd === null) return key;
  throw new RangeError(`holds a character that no key has (${named(odd[0])})`);
}

/**
 * Return a key of Supabase's that everyone may have.
 *
 * @throws {RangeError} it is none: a page would hand it to every visitor.
 */
export function checkedPublishable(key: string): string {
  const role = roleOf(checkedKey(key));
  if (!key.startsWith("sb_secret_") && (role === undefined || role === "anon")) return key;
  throw new RangeError("is a secret key, which every visitor would be given");
}

/**
 * Return a Supabase key that must stay secret.
 *
 * @throws {RangeError} it is the publishable one, with which nothing can be kept.
 */
export function checkedSecret(key: string): string {
  const role = roleOf(checkedKey(key));
  const known = role === undefined || role === "service_role";
  if (!key.startsWith("sb_publishable_") && known) return key;
  throw new RangeError("is no secret key");
}

/**
 * Return an origin as browsers send it (RFC 6454, section 6.2).
 *
 * @throws {RangeError} it is none, or names more than one.
 */
export function checkedOrigin(text: string): string {
  const [, scheme = "", host = "", port] = ORIGIN.exec(pasted(text)) ?? [];
  if (scheme === "" || Number(port ?? 0) > 65_535) {
    throw new RangeError("each must be like https://page.example, without a path, and no wildcard");
  }
  const usual = USUAL_PORTS[scheme];
  const origin = `${scheme}://${usual === undefined ? host : host.toLowerCase()}`;
  return port === undefined || Number(port) === usual ? origin : `${origin}:${Number(port)}`;
}

function bare(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && AROUND.test(value.charAt(start))) start++;
  while (start < end && AROUND.test(value.charAt(end - 1))) end--;
  return value.slice(start, end);
}

function isQuoted(value: string): boolean {
  const [first, last] = [value.charAt(0), value.slice(1).slice(-1)];
  const inside = value.slice(1, -1);
  return QUOTES.has(first + last) && !inside.includes(first) && !inside.includes(last);
}

/** Whose key a JWT is, as older projects have them; undefined of what is no JWT. */
function roleOf(key: string): string | undefined {
  const parts = key.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims = JSON.parse(atob((parts[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) return undefined;
    return String(claims.role ?? "");
  } catch {
    return undefined;
  }
}

function named(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
