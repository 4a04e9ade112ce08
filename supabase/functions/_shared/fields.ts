/** Fields of a form, and JSON, as the bodies of the contract. */

import { type Schema, Validator } from "@cfworker/json-schema";
import { Failure } from "./failure.ts";
import { BODIES } from "./generated/bodies.ts";
import type {
  CloneRequest,
  StoredTranscriptionRequest,
  TranscriptionOptions,
} from "./generated/protocol.ts";

export interface Bodies {
  TranscriptionOptions: TranscriptionOptions;
  StoredTranscriptionRequest: StoredTranscriptionRequest;
  CloneRequest: CloneRequest;
}

/** Fields that may be repeated, with `[]` behind their name or without. */
const LISTS = new Set(["context_bias"]);
/** Bodies whose texts are trimmed before they are checked. */
const TRIMMED = new Set<keyof Bodies>(["CloneRequest"]);
const TOLD_FAULTS = 5;
const FLAGS: Record<string, boolean> = {
  ...{ "true": true, "1": true, "on": true, "t": true, "y": true, "yes": true },
  ...{ "false": false, "0": false, "off": false, "f": false, "n": false, "no": false },
};

type Values = Record<string, unknown>;

/**
 * Return a form's fields as a body. A field that was left empty counts as left out.
 *
 * @throws {Failure} `invalid_message`: a field is missing, unknown, repeated or wrong.
 */
export function fromFields<Name extends keyof Bodies>(
  name: Name,
  fields: Iterable<[string, string]>,
): Bodies[Name] {
  const values = new Map<string, unknown>();
  const lists = new Map<string, string[]>();
  for (const [field, text] of fields) {
    const plain = field.replace(/\[\]$/, "");
    if (LISTS.has(plain)) {
      const terms = lists.get(plain) ?? [];
      lists.set(plain, text.trim() ? [...terms, text.trim()] : terms);
    } else if (values.has(field)) {
      throw new Failure("invalid_message", `${field.slice(0, 64)}: sent more than once`);
    } else {
      values.set(field, text);
    }
  }
  const given = [...values].filter(([, text]) => text !== "");
  const repeated = [...lists].filter(([, terms]) => terms.length > 0);
  return validated(name, Object.fromEntries([...given, ...repeated]));
}

/**
 * Return JSON as a body. A member that is null counts as left out.
 *
 * @throws {Failure} `invalid_message`: it is no JSON, or a member is missing, unknown or wrong.
 */
export function fromJson<Name extends keyof Bodies>(name: Name, text: string): Bodies[Name] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Failure("invalid_message", "The body is no JSON.");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Failure("invalid_message", "The body is no JSON object.");
  }
  return validated(
    name,
    Object.fromEntries(Object.entries(body).filter(([, one]) => one !== null)),
  );
}

const validators = new Map<keyof Bodies, Validator>();

function validated<Name extends keyof Bodies>(name: Name, given: Values): Bodies[Name] {
  const schema = BODIES[name];
  const values: Values = {};
  for (const [field, value] of Object.entries(given)) {
    const property = (schema.properties as Record<string, { type?: string }>)[field];
    values[field] = property?.type === "boolean"
      ? flag(value)
      : TRIMMED.has(name) && typeof value === "string"
      ? value.trim()
      : value;
  }
  let validator = validators.get(name);
  if (validator === undefined) {
    validator = new Validator(schema as unknown as Schema, "2020-12", false);
    validators.set(name, validator);
  }
  const { valid, errors } = validator.validate(values);
  const faults = errors
    // Their parents only repeat them.
    .filter(({ keyword }) => keyword !== "properties" && keyword !== "items")
    .map(({ instanceLocation, error }) => said(instanceLocation, error));
  const garbled = Object.entries(values).filter(([, one]) => !isWellFormed(one));
  faults.push(...garbled.map(([field]) => `${field.slice(0, 64)}: is not Unicode`));
  if (!valid || faults.length > 0) {
    throw new Failure("invalid_message", faults.slice(0, TOLD_FAULTS).join("; "));
  }
  return values as unknown as Bodies[Name];
}

function flag(value: unknown): unknown {
  if (value === 0 || value === 1) return value === 1;
  return typeof value === "string" ? FLAGS[value.toLowerCase()] ?? value : value;
}

function isWellFormed(value: unknown): boolean {
  return Array.isArray(value)
    ? value.every(isWellFormed)
    : typeof value !== "string" || value.isWellFormed();
}

/** A fault by its field. The validator's words name what was expected, and no value. */
function said(location: string, words: string): string {
  const where = location.replace(/^#\/?/, "").replaceAll("/", ".").slice(0, 64);
  return where ? `${where}: ${words}` : words;
}
