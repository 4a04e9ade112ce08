/** Fields of a form, and JSON, as the bodies of the contract. */

import { type Schema, Validator } from "@cfworker/json-schema";
import { Failure } from "./failure.ts";
import { BODIES } from "./generated/bodies.ts";
import type {
  CloneRequest,
  StoredTranscriptionRequest,
  TranscriptionOptions,
  VoiceChangeRequest,
} from "./generated/protocol.ts";
import { clean, trimmed } from "./text.ts";

export interface Bodies {
  TranscriptionOptions: TranscriptionOptions;
  StoredTranscriptionRequest: StoredTranscriptionRequest;
  CloneRequest: CloneRequest;
  VoiceChangeRequest: VoiceChangeRequest;
}

/** Fields that may be repeated, with `[]` behind their name or without. */
const LISTS = new Set(["context_bias"]);
/** Fields that hold JSON. */
const STRUCTURED = new Set(["speaker_references"]);
const TOLD_FAULTS = 5;
const FLAGS = new Map([
  ...["true", "1", "on", "t", "y", "yes"].map((text) => [text, true] as const),
  ...["false", "0", "off", "f", "n", "no"].map((text) => [text, false] as const),
]);

type Values = Record<string, unknown>;

/** What a property's schema says beyond its type. */
interface Property {
  readonly type?: string;
  readonly items?: Property;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly default?: unknown;
  /** The rule of `text.ts` holds. */
  readonly "x-text"?: "line" | "lines";
}

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
      lists.set(plain, trimmed(text) === "" ? terms : [...terms, text]);
    } else if (values.has(field)) {
      throw new Failure("invalid_message", `${field.slice(0, 64)}: sent more than once`);
    } else {
      values.set(field, STRUCTURED.has(field) && text !== "" ? structured(field, text) : text);
    }
  }
  const given = [...values].filter(([, text]) => text !== "");
  const repeated = [...lists].filter(([, terms]) => terms.length > 0);
  return validated(name, Object.fromEntries([...given, ...repeated]));
}

/**
 * Return JSON as a body. A member that is null counts as left out; a byte order mark before it is
 * passed over (RFC 8259, section 8.1).
 *
 * @throws {Failure} `invalid_message`: it is no JSON, or a member is missing, unknown or wrong.
 */
export function fromJson<Name extends keyof Bodies>(name: Name, text: string): Bodies[Name] {
  let body: unknown;
  try {
    body = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    throw new Failure("invalid_message", "The body is no JSON.");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Failure("invalid_message", "The body is no JSON object.");
  }
  return validated(name, body as Values);
}

function structured(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure("invalid_message", `${field}: holds no JSON`);
  }
}

const validators = new Map<keyof Bodies, Validator>();

function validated<Name extends keyof Bodies>(name: Name, given: Values): Bodies[Name] {
  const schema = BODIES[name];
  const properties = new Map<string, Property>(Object.entries(schema.properties));
  const faults: string[] = [];
  const values = new Map<string, unknown>();
  for (const [field, { default: usual }] of properties) {
    if (usual !== undefined) values.set(field, usual);
  }
  for (const [field, value] of Object.entries(given)) {
    const property = properties.get(field);
    // A member that is null counts as left out, if it may be left out at all.
    if (property !== undefined && value === null) continue;
    try {
      values.set(field, property === undefined ? value : read(value, property));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      faults.push(`${field.slice(0, 64)}: ${error.message}`);
    }
  }
  let validator = validators.get(name);
  if (validator === undefined) {
    validator = new Validator(schema as unknown as Schema, "2020-12", false);
    validators.set(name, validator);
  }
  const body = Object.fromEntries(values);
  const { errors } = validator.validate(body);
  faults.push(
    ...errors
      // Their parents only repeat them.
      .filter(({ keyword }) => keyword !== "properties" && keyword !== "items")
      .map(({ instanceLocation, error }) => said(instanceLocation, error)),
  );
  if (faults.length > 0) {
    throw new Failure("invalid_message", faults.slice(0, TOLD_FAULTS).join("; "));
  }
  return body as unknown as Bodies[Name];
}

/**
 * Return a value as its property wants it, where it can be read so.
 *
 * @throws {RangeError} it is a text that the rule for texts refuses.
 */
function read(value: unknown, property: Property): unknown {
  if (Array.isArray(value) && property.items !== undefined) {
    const { items } = property;
    return value.map((one) => read(one, items));
  }
  const { properties } = property;
  if (properties !== undefined && typeof value === "object" && value !== null) {
    const parts = Object.entries(value).map(([name, part]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, own === undefined ? part : read(part, own)];
    });
    return Object.fromEntries(parts);
  }
  if (property.type === "boolean") return flag(value);
  if (typeof value !== "string") return value;
  if (property.type === "integer") return /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
  if (!value.isWellFormed()) throw new RangeError("is not Unicode");
  const rule = property["x-text"];
  return rule === undefined ? value : clean(value, { inALine: rule === "line" });
}

function flag(value: unknown): unknown {
  if (value === 0 || value === 1) return value === 1;
  return typeof value === "string" ? FLAGS.get(value.toLowerCase()) ?? value : value;
}

/** A fault by its field. The validator's words name what was expected, and no value. */
function said(location: string, words: string): string {
  const where = location.replace(/^#\/?/, "").replaceAll("/", ".").slice(0, 64);
  return where ? `${where}: ${words}` : words;
}
