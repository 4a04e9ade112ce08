/**
 * What of a file may be sound, told by walking its parts.
 *
 * A demuxer passes over what it does not understand, and another reader may hear it. So what is
 * neither known to be something else nor read as sound counts as sound here.
 */

import { boxes } from "./mp4.ts";
import { webmBytes } from "./webm.ts";

const STREAMED = 0xffff_ffff;

export type Format = "wav" | "mp3" | "m4a" | "flac" | "ogg" | "webm";

/** Return how many bytes may be sound; undefined for a kind whose tables name every packet. */
export function heldBytes(file: Uint8Array, format: Format): number | undefined {
  switch (format) {
    case "wav":
      return riffBytes(file);
    case "ogg":
      return oggBytes(file);
    case "webm":
      return webmBytes(withoutZeros(file));
    case "flac":
      return flacBytes(withoutZeros(file));
    case "mp3":
      return withoutZeros(file).length - tagBytes(file);
    case "m4a":
      return undefined;
  }
}

/** Return a file without the zeros at its end, which no reader of packets takes for one. */
export function withoutZeros(file: Uint8Array): Uint8Array {
  let end = file.length;
  while (end > 0 && file[end - 1] === 0) end--;
  return file.subarray(0, end);
}

/**
 * Return what tells whether bytes of an MP4 lie in a box that holds sound and pictures (ISO/IEC
 * 14496-12, sections 4.2 and 8.1.1).
 */
export function mediaOf(file: Uint8Array): (data: Uint8Array) => boolean {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts = [...boxes(view, 0, file.length)].filter(({ name }) => name === "mdat");
  return ({ byteOffset, length }) => {
    const at = byteOffset - file.byteOffset;
    return parts.some(({ start, end }) => at >= start && at + length <= end);
  };
}

/** A chunk of a RIFF file, by where its content lies. */
export interface Part {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Its name is none, or it claims more than there is. */
  readonly isOdd: boolean;
}

/** The chunks of a RIFF, RF64 or BW64 file (EBU Tech 3306, ITU-R BS.2088). */
export function* riffParts(file: Uint8Array): Generator<Part> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const long = new Map<string, number>();
  for (let at = 12; at + 8 <= file.length;) {
    const name = String.fromCharCode(...file.subarray(at, at + 4));
    let length = view.getUint32(at + 4, true);
    at += 8;
    if (name === "ds64" && length >= 28 && at + length <= file.length) {
      long.set("data", Number(view.getBigUint64(at + 8, true)));
      const entries = Math.min(view.getUint32(at + 24, true), Math.floor((length - 28) / 12));
      for (let entry = at + 28; entry < at + 28 + 12 * entries; entry += 12) {
        const other = String.fromCharCode(...file.subarray(entry, entry + 4));
        if (!long.has(other)) long.set(other, Number(view.getBigUint64(entry + 4, true)));
      }
    }
    if (length === STREAMED) length = long.get(name) ?? length;
    const isOdd = at + length > file.length || !/^[\x20-\x7e]{4}$/.test(name);
    yield { name, start: at, end: Math.min(at + length, file.length), isOdd };
    if (at + length > file.length) return;
    at += length + length % 2;
  }
}

function riffBytes(file: Uint8Array): number {
  let total = 0;
  for (const { name, start, end, isOdd } of riffParts(file)) {
    if (isOdd) return total + file.length - start;
    if (name === "data") total += end - start;
  }
  return total;
}

interface Page {
  readonly start: number;
  readonly flags: number;
  /** Of the last sample that ends in it; -1: none does. */
  readonly position: bigint;
  readonly serial: number;
  readonly segments: Uint8Array;
  readonly data: Uint8Array;
}

/**
 * The pages of an Ogg file (RFC 3533, section 6).
 *
 * @param isIntact What is not, is passed over.
 */
export function* oggPages(
  file: Uint8Array,
  isIntact: (page: Uint8Array) => boolean = () => true,
): Generator<Page> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let start = nextPage(file, 0); start + 27 <= file.length;) {
    const body = start + 27 + view.getUint8(start + 26);
    const segments = file.subarray(start + 27, body);
    const end = body + segments.reduce((size, one) => size + one, 0);
    const whole = file.subarray(start, end);
    if (!isIntact(whole)) {
      start = nextPage(file, start + 4); // there may be others in it
      continue;
    }
    const data = file.subarray(body, end);
    const [flags, position] = [view.getUint8(start + 5), view.getBigInt64(start + 6, true)];
    yield {
      start,
      flags,
      position,
      serial: view.getUint32(start + 14, true),
      segments,
      data,
    };
    start = nextPage(file, body + data.length);
  }
}

/** Bytes of the pages from the first that ends a sample, and of what lies between pages. */
function oggBytes(file: Uint8Array): number {
  let [total, end, begun] = [0, 0, false];
  for (const { start, flags, position, segments, data } of oggPages(file)) {
    total += start - end;
    end = start + 27 + segments.length + data.length;
    begun = (begun && !(flags & 2)) || (position !== 0n && position !== -1n);
    if (begun) total += data.length;
  }
  return total + file.length - end;
}

function nextPage(file: Uint8Array, from: number): number {
  for (let at = file.indexOf(79, from); at !== -1; at = file.indexOf(79, at + 1)) {
    if (file[at + 1] === 103 && file[at + 2] === 103 && file[at + 3] === 83) return at;
  }
  return file.length;
}

/** Bytes behind a FLAC file's metadata (RFC 9639, section 8.1). */
export function flacBytes(file: Uint8Array): number {
  let at = tagBytes(file) + 4;
  for (let last = false; !last && at + 4 <= file.length;) {
    const [head = 0, a = 0, b = 0, c = 0] = file.subarray(at, at + 4);
    last = (head & 128) !== 0;
    at += 4 + (a << 16 | b << 8 | c);
  }
  return Math.max(0, file.length - at);
}

/** Bytes of ID3v2 tags at the beginning (id3.org, ID3v2.4.0, section 3.1). */
export function tagBytes(file: Uint8Array): number {
  let at = 0;
  while (file[at] === 73 && file[at + 1] === 68 && file[at + 2] === 51 && at + 10 <= file.length) {
    const [flags = 0, a = 0, b = 0, c = 0, d = 0] = file.subarray(at + 5, at + 10);
    if ((a | b | c | d) & 128) break; // such a length is none
    at += 10 + (a << 21 | b << 14 | c << 7 | d) + (flags & 16 ? 10 : 0);
  }
  return Math.min(at, file.length);
}
