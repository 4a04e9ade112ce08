/**
 * The form of `POST /v1/audio/transcriptions` (RFC 7578), sent in pieces of the file that lies in
 * memory: `FormData` would copy it.
 */

import type { AudioFile } from "./audio.ts";
import { inPieces } from "./body.ts";
import type { FileOptions } from "./fitting.ts";

export class Form {
  readonly contentType: string;
  private readonly head: Uint8Array;
  private readonly tail: Uint8Array;
  private readonly file: Uint8Array;

  constructor(audio: AudioFile, options: FileOptions, stream: boolean) {
    const boundary = `form-${crypto.randomUUID()}`;
    this.contentType = `multipart/form-data; boundary=${boundary}`;
    const named = (name: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
    const fields = fieldsOf(options, stream)
      .map(([name, value]) => `${named(name)}\r\n\r\n${value}\r\n`);
    // Not the caller's name: the content decides what the file is.
    const file = `${named("file")}; filename="audio.${audio.extension}"\r\n` +
      `Content-Type: ${audio.mime}\r\n\r\n`;
    const encoder = new TextEncoder();
    this.head = encoder.encode(fields.join("") + file);
    this.tail = encoder.encode(`\r\n--${boundary}--\r\n`);
    this.file = audio.bytes;
  }

  /** Return the whole once more. */
  body(): ReadableStream<Uint8Array> {
    return inPieces(this.head, this.file, this.tail);
  }
}

function fieldsOf(options: FileOptions, stream: boolean): [string, string][] {
  const fields: [string, string][] = [["model", options.model]];
  if (options.language !== undefined) fields.push(["language", options.language]);
  // Line breaks cannot leave a field: a value is whatever stands before the next boundary.
  for (const term of options.contextBias) fields.push(["context_bias", term]);
  if (options.timestamps !== undefined) {
    fields.push(["timestamp_granularities", options.timestamps]);
  }
  if (options.diarize) fields.push(["diarize", "true"]);
  if (options.speakers.length > 0) {
    const voices = options.speakers.map(({ name, audio }) => [name, audio]);
    fields.push(["speaker_references", JSON.stringify(Object.fromEntries(voices))]);
  }
  if (options.returnLanguage) fields.push(["return_language", "true"]);
  if (stream) fields.push(["stream", "true"]);
  return fields;
}
