/** `multipart/form-data` (RFC 7578) with one file. */

import { make, type MultipartError, type PartInfo } from "multipasta";
import { Gathered, type Pace, pieces } from "./body.ts";
import { Failure } from "./failure.ts";

const FILE_FIELD = "audio";
const MAX_FIELDS = 256;
/** A transcript of 20,000 characters, each of up to four bytes, has room in it. */
const MAX_FIELD_BYTES = 128 * 1024;
/** All fields together. */
export const MAX_FIELDS_BYTES = 512 * 1024;
const MALFORMED = "The body is no well-formed multipart/form-data.";

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

export function mediaType(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
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
 * @param expected Bytes of the body, as far as the sender tells.
 * @param maxFileBytes Of the file, which is refused when it is reached, and not after.
 * @throws {Failure} `invalid_message`: no such form, cut short, or with other files;
 *   `payload_too_large`.
 */
export async function readForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  { expected, maxFileBytes }: { expected: number; maxFileBytes: number },
): Promise<Form> {
  const reader = new Reader(contentType, new Gathered(expected), maxFileBytes);
  for await (const piece of body) reader.write(piece);
  return reader.end();
}

class Reader {
  private readonly fields: [string, string][] = [];
  private readonly parser: ReturnType<typeof make>;
  private hasFile = false;
  private fieldsBytes = 0;
  private ended = false;
  private failure: Failure | undefined;

  constructor(
    contentType: string,
    private readonly file: Gathered,
    private readonly maxFileBytes: number,
  ) {
    this.parser = make({
      headers: { "content-type": contentType },
      maxFieldSize: MAX_FIELD_BYTES,
      isFile: (part) => part.name === FILE_FIELD,
      onFile: (part) => this.beginFile(part),
      onField: (part, value) => this.addField(part, value),
      onError: (error) => this.fail(failureOf(error)),
      onDone: () => {
        this.ended = true;
      },
    });
    this.check();
  }

  write(piece: Uint8Array): void {
    try {
      this.parser.write(piece);
    } catch (error) {
      // Such as a file name that is no UTF-8 in its percent signs.
      if (!(error instanceof URIError)) throw error;
      throw new Failure("invalid_message", MALFORMED);
    }
    this.check();
  }

  end(): Form {
    this.parser.end();
    this.check();
    if (!this.ended) {
      throw new Failure("invalid_message", "The body ends in the middle of the form.");
    }
    return { fields: this.fields, file: this.hasFile ? this.file.bytes : undefined };
  }

  private beginFile(part: PartInfo): (chunk: Uint8Array | null) => void {
    this.checkDisposition(part);
    if (this.hasFile) this.fail(new Failure("invalid_message", "Send one file."));
    this.hasFile = true;
    return (chunk) => {
      if (chunk === null || this.failure !== undefined) return;
      if (this.file.size + chunk.length > this.maxFileBytes) {
        const limit = this.maxFileBytes.toLocaleString("en");
        this.fail(new Failure("payload_too_large", `The file is larger than ${limit} bytes.`));
        return;
      }
      this.file.add(chunk);
    };
  }

  private addField(part: PartInfo, value: Uint8Array): void {
    this.checkDisposition(part);
    if (part.filename !== undefined) {
      const message = `The file belongs into the field '${FILE_FIELD}'.`;
      this.fail(new Failure("invalid_message", message));
    }
    this.fieldsBytes += value.length;
    if (this.fieldsBytes > MAX_FIELDS_BYTES) {
      this.fail(new Failure("payload_too_large", "The fields of the form are too large."));
    }
    if (this.fields.length >= MAX_FIELDS) {
      const message = `The form has more than ${MAX_FIELDS} fields.`;
      this.fail(new Failure("invalid_message", message));
    }
    this.fields.push([part.name, this.text(value, part.name.slice(0, 64))]);
  }

  private text(value: Uint8Array, name: string): string {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
      if (!text.includes("\0")) return text;
      this.fail(new Failure("invalid_message", `${name}: holds a NUL character.`));
    } catch {
      this.fail(new Failure("invalid_message", `${name}: is not UTF-8.`));
    }
    return "";
  }

  private checkDisposition(part: PartInfo): void {
    if (part.contentDisposition.toLowerCase() === "form-data" && part.name !== "") return;
    this.fail(new Failure("invalid_message", "A part of the form has no name."));
  }

  /** Keep the first failure; the parser's callbacks cannot throw through it. */
  private fail(failure: Failure): void {
    this.failure ??= failure;
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

function failureOf(error: MultipartError): Failure {
  switch (error._tag) {
    case "ReachedLimit":
      return new Failure("payload_too_large", "The fields of the form are too large.");
    case "InvalidDisposition":
      return new Failure("invalid_message", "A part of the form has no name.");
    case "EndNotReached":
      return new Failure("invalid_message", "The body ends in the middle of the form.");
    case "InvalidBoundary":
    case "BadHeaders":
      return new Failure("invalid_message", MALFORMED);
  }
}
