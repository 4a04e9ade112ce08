/** What the headers of a form's part say of it (RFC 7578, section 4.2). */

import { Failure } from "./failure.ts";
import { parsed } from "./parameters.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A part's name, and whether it is said to be a file. */
export interface Disposition {
  readonly name: string;
  readonly isFile: boolean;
}

/** Return what the headers of a part say of it. */
export function dispositionOf(lines: readonly string[]): Disposition {
  let told: string | undefined;
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (!TOKEN.test(line.slice(0, colon)) || colon === -1) throw malformed();
    if (line.slice(0, colon).toLowerCase() !== "content-disposition") continue;
    if (told !== undefined) throw malformed();
    told = line.slice(colon + 1);
  }
  const [kind, parameters] = parsed(told ?? "");
  const name = parameters?.get("name");
  if (kind !== "form-data" || !name) throw malformed("A part of the form has no name.");
  return {
    name: text(Uint8Array.from(name, (one) => one.charCodeAt(0)), "The name of a field"),
    isFile: parameters?.has("filename") === true,
  };
}

export function text(value: Uint8Array, what: string): string {
  let told: string;
  try {
    told = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw malformed(`${what} is not UTF-8.`);
  }
  if (told.includes("\0")) throw malformed(`${what} holds a NUL character.`);
  return told;
}

export function malformed(message = "The body is no well-formed multipart/form-data."): Failure {
  return new Failure("invalid_message", message);
}
