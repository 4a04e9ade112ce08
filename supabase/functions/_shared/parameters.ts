/** A header that has a value and parameters, such as `Content-Type`. */

const PARAMETER =
  /^;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\[^])*)"|([^;"\s]*))[ \t]*(?=;|$)/;
const AROUND = /^[ \t]+|[ \t]+$/g;

/**
 * Return a header's value and its parameters (RFC 9110, section 5.6.6), which are undefined where
 * they are malformed or told twice. Extended ones (`name*`) are not for forms (RFC 7578, 4.2).
 */
export function parsed(header: string): [string, Map<string, string> | undefined] {
  const semicolon = header.indexOf(";");
  const kind = (semicolon === -1 ? header : header.slice(0, semicolon)).replace(AROUND, "");
  const parameters = new Map<string, string>();
  let rest = semicolon === -1 ? "" : header.slice(semicolon);
  while (rest.replace(/^;?[ \t]*/, "") !== "") {
    const found = PARAMETER.exec(rest);
    if (found === null) return [kind.toLowerCase(), undefined];
    const [whole, name = "", quoted, plain = ""] = found;
    const value = quoted?.replace(/\\(["\\])/g, "$1") ?? plain;
    if (parameters.has(name.toLowerCase())) return [kind.toLowerCase(), undefined];
    parameters.set(name.toLowerCase(), value);
    rest = rest.slice(whole.length);
  }
  return [kind.toLowerCase(), parameters];
}

/** Return a header's value without its parameters, in lower case. */
export function mediaType(header: string): string {
  return parsed(header)[0];
}
