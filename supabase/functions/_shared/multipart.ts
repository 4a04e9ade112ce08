/** `multipart/form-data` (RFC 7578) with one file. */

import { Gathered, type Pace, pieces } from "./body.ts";
import { type Disposition, dispositionOf, malformed, text } from "./disposition.ts";
import { Failure } from "./failure.ts";
import { mediaType, parsed } from "./parameters.ts";

const FILE_FIELD = "audio";
const MAX_FIELDS = 1100;
/** A transcript of 20,000 characters, each of up to four bytes, has room in it. */
const MAX_FIELD_BYTES = 256 * 1024;
/** All fields together. */
export const MAX_FIELDS_BYTES = 512 * 1024;
/** Of one part. */
const MAX_HEADERS = 8;
const MAX_HEADER_BYTES = 4096;
const BOUNDARY = /^(?! )[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const [TAB, LF, CR, SPACE, HYPHEN] = [9, 10, 13, 32, 45];

export interface Form {
  /** Name and text, in order. */
  readonly fields: [string, string][];
  readonly file: Uint8Array<ArrayBuffer> | undefined;
}

/** What a request with a form may be. */
interface FormLimits {
  readonly settings: { readonly maxUploadBytes: number };
  readonly maxBodyBytes: number;
  readonly pace: Pace;
}

export function isMultipart(contentType: string): boolean {
  return mediaType(contentType) === "multipart/form-data";
}

/**
 * Return what stands between a form's parts (RFC 2046, section 5.1.1).
 *
 * @throws {Failure} `invalid_message`: there is none, or one that readers would cut differently.
 */
function boundaryOf(contentType: string): string {
  const boundary = parsed(contentType)[1]?.get("boundary") ?? "";
  if (!BOUNDARY.test(boundary)) throw malformed();
  return boundary;
}

/**
 * Read a request's form, as `readForm` does.
 *
 * @param take Takes room for what has come, and none for what was only announced.
 */
export async function formOf(
  request: Request,
  contentType: string,
  { settings, maxBodyBytes, pace }: FormLimits,
  take: (bytes: number) => void,
): Promise<Form> {
  // A body that says that it is larger is refused before any of it is read.
  const expected = Math.min(Number(request.headers.get("Content-Length") ?? 0), maxBodyBytes);
  const body = pieces(request, maxBodyBytes, pace, take);
  return await readForm(body, contentType, { expected, maxFileBytes: settings.maxUploadBytes });
}

/**
 * Read a form.
 *
 * @param expected Bytes of the body, as far as the sender says.
 * @param maxFileBytes Of the file, which is refused when it is reached, and not after.
 * @throws {Failure} `invalid_message`: no such form, cut short, or with other files;
 *   `payload_too_large`.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  { expected, maxFileBytes }: { expected: number; maxFileBytes: number },
): Promise<Form> {
  const reader = new Reader(boundaryOf(contentType), new Gathered(expected), maxFileBytes);
  for await (const piece of body) reader.write(piece);
  return reader.end();
}

/** Reads a form as it arrives, and keeps no more of it than a delimiter's length. */
class Reader {
  private readonly fields: [string, string][] = [];
  private readonly delimiter: Uint8Array;
  private state: "start" | "headers" | "body" | "end" = "start";
  private rest: Uint8Array = new Uint8Array(0);
  private hasFile = false;
  private fieldsBytes = 0;
  private part = { name: "", isFile: false, value: [] as number[] };

  constructor(
    boundary: string,
    private readonly file: Gathered,
    private readonly maxFileBytes: number,
  ) {
    this.delimiter = new TextEncoder().encode(`\r\n--${boundary}`);
  }

  write(piece: Uint8Array): void {
    const data = new Uint8Array(this.rest.length + piece.length);
    data.set(this.rest);
    data.set(piece, this.rest.length);
    let at = 0;
    for (let next: number | undefined = 0; next !== undefined;) {
      at = next;
      next = this.step(data.subarray(at));
      if (next !== undefined) next += at;
    }
    this.rest = this.state === "end" ? new Uint8Array(0) : data.slice(at);
  }

  end(): Form {
    if (this.state !== "end") throw malformed("The body ends in the middle of the form.");
    return { fields: this.fields, file: this.hasFile ? this.file.bytes : undefined };
  }

  /** Read on, and return how much was read; undefined where more must come first. */
  private step(data: Uint8Array): number | undefined {
    switch (this.state) {
      case "start":
        return this.begin(data);
      case "headers":
        return this.headers(data);
      case "body":
        return this.body(data);
      case "end":
        return undefined;
    }
  }

  /** Nothing may stand before the first delimiter: readers differ about what it would be. */
  private begin(data: Uint8Array): number | undefined {
    const first = this.delimiter.subarray(2);
    if (!first.every((one, at) => at >= data.length || data[at] === one)) throw malformed();
    if (data.length < first.length + 2) return undefined;
    if (!this.delimited(data, first.length)) throw malformed();
    return first.length + 2;
  }

  private headers(data: Uint8Array): number | undefined {
    const lines: string[] = [];
    for (let at = 0;;) {
      const end = data.indexOf(CR, at);
      const line = data.subarray(at, end === -1 ? data.length : end);
      if (line.length > MAX_HEADER_BYTES || lines.length > MAX_HEADERS) throw malformed();
      if (end === -1 || end + 1 >= data.length) return undefined;
      if (data[end + 1] !== LF) throw malformed();
      at = end + 2;
      if (line.length === 0) {
        this.beginPart(dispositionOf(lines));
        return at;
      }
      lines.push(latin1(line));
    }
  }

  private body(data: Uint8Array): number | undefined {
    for (let at = data.indexOf(CR); at !== -1; at = data.indexOf(CR, at + 1)) {
      let behind = at + this.delimiter.length;
      const isDelimiter = this.delimiter.every((one, n) =>
        at + n >= data.length || data[at + n] === one
      );
      if (!isDelimiter) continue;
      const isPadded = data[behind] === SPACE || data[behind] === TAB;
      while (data[behind] === SPACE || data[behind] === TAB) behind++;
      if (behind - at > MAX_HEADER_BYTES) throw malformed();
      if (behind + 2 > data.length) return this.add(data.subarray(0, at)) || undefined;
      const part = data.subarray(0, at);
      if (isPadded && data[behind] !== CR) throw malformed();
      if (!this.delimited(data, behind)) {
        if (isPadded) throw malformed();
        continue;
      }
      this.add(part);
      this.endPart();
      return behind + 2;
    }
    return this.add(data) || undefined;
  }

  /** Whether a delimiter is one, by the two bytes behind it: the next part, or the end. */
  private delimited(data: Uint8Array, at: number): boolean {
    const [first, second] = [data[at], data[at + 1]];
    if (first === CR && second === LF) this.state = "headers";
    else if (first === HYPHEN && second === HYPHEN) this.state = "end";
    else return false;
    return true;
  }

  private beginPart({ name, isFile }: Disposition): void {
    this.state = "body";
    this.part = { name, isFile: name === FILE_FIELD, value: [] };
    if (isFile && !this.part.isFile) {
      throw malformed(`The file belongs into the field '${FILE_FIELD}'.`);
    }
    if (this.part.isFile && this.hasFile) throw malformed("Send one file.");
    this.hasFile ||= this.part.isFile;
  }

  private add(data: Uint8Array): number {
    if (this.part.isFile) {
      if (this.file.size + data.length > this.maxFileBytes) {
        const limit = this.maxFileBytes.toLocaleString("en");
        throw new Failure("payload_too_large", `The file is larger than ${limit} bytes.`);
      }
      this.file.add(data);
      return data.length;
    }
    this.fieldsBytes += data.length;
    const { value } = this.part;
    if (value.length + data.length > MAX_FIELD_BYTES || this.fieldsBytes > MAX_FIELDS_BYTES) {
      throw new Failure("payload_too_large", "The fields of the form are too large.");
    }
    for (const one of data) value.push(one);
    return data.length;
  }

  private endPart(): void {
    const { name, isFile, value } = this.part;
    if (isFile) return;
    if (this.fields.length >= MAX_FIELDS) {
      throw malformed(`The form has more than ${MAX_FIELDS} fields.`);
    }
    this.fields.push([name, text(Uint8Array.from(value), `${name.slice(0, 64)}:`)]);
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
