/** Words of someone else's exceptions, made fit for a log (`shared_schema/redaction.py`). */

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // What pydantic, and V8's JSON, could not read: it may be what someone said.
  [/input_value=.*(?=, input_type=)/g, "input_value=…"],
  [/(?:\.\.\.)?".*"(?:\.\.\.)?(?= is not valid JSON)/g, "…"],
  // What stands behind a scheme of HTTP authentication (RFC 9110, section 11.4).
  [/\b(bearer|basic)(\s+|%20|\\t)[^\s'",]+/gi, "$1 …"],
  // A user's name and password in an address (RFC 3986, section 3.2.1).
  [/(?<=:\/\/)[^\s/@'"]+@/g, "…@"],
  [/\b((?:access_|refresh_)?token|api_?key|key|secret|password)=[^&\s'"]+/gi, "$1=…"],
  [/\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g, "…"],
  [/\b(sb_(?:secret|publishable)_|sk-)[A-Za-z0-9_-]+/g, "$1…"],
  // Keys of providers are 32 letters and digits, or more; a UUID is none.
  [
    /\b(?![0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{32,}/g,
    "…",
  ],
];
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]+/g;

/** Return a text without what may be a token, a key, a password or a quotation, and controls. */
export function redacted(text: string): string {
  return SECRETS.reduce(
    (told, [secret, instead]) => told.replace(secret, instead),
    text.replace(CONTROLS, " "),
  );
}
