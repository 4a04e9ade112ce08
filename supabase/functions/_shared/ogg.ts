/** Ogg: packets in pages (RFC 3533), of one stream or of several behind one another. */

import { oggPages } from "./containers.ts";
import { invalid, type Measured, unsupported } from "./measured.ts";
import { flacSeconds, opusSeconds, type SecondsOf, vorbisSeconds } from "./packets.ts";

/** The bytes of a sound packet that give its length. */
const HEAD_BYTES = 32;
/** How often all bytes are read at most: a page that is none may hide others. */
const MOST_READINGS = 3;
const MAX_HEADER_BYTES = 1024 * 1024;

/** Add up the packets of every stream, each by its own headers. */
export function measureOgg(file: Uint8Array, measured: Measured): void {
  const streams = new Map<number, Stream>();
  let open: Stream | undefined;
  let left = MOST_READINGS * file.length;
  const isWhole = (page: Uint8Array) => {
    left -= page.length;
    if (left < 0) throw invalid("The file is cut into too many pieces.");
    return isIntact(page);
  };
  for (const { flags, serial, segments, data } of oggPages(file, isWhole)) {
    if (flags & 2) {
      const stream = new Stream(measured, open?.kind);
      // One begins when the one before has begun to sound; else they sound side by side.
      if (open !== undefined && open.packets < 2) {
        throw unsupported("The file holds several sound tracks. Send one alone.");
      }
      streams.clear();
      streams.set(serial, open = stream);
    }
    streams.get(serial)?.page(segments, data);
    if (measured.isEnough) return;
  }
  if (open === undefined) throw invalid("The file holds no sound.");
}

class Stream {
  packets = 0;
  /** Codec, rate and channels. */
  kind: string | undefined;
  private readonly headers: Uint8Array[] = [];
  private secondsOf: SecondsOf | undefined;
  private headersLeft = 1;
  private head: number[] = [];
  private size = 0;

  /** @param before What the stream before it was, if there is one. */
  constructor(private readonly measured: Measured, private readonly before: string | undefined) {}

  page(segments: Uint8Array, data: Uint8Array): void {
    let at = 0;
    for (const length of segments) {
      const wanted = this.headersLeft > 0 ? MAX_HEADER_BYTES : HEAD_BYTES;
      if (this.head.length < wanted) {
        this.head.push(...data.subarray(at, at + Math.min(length, wanted - this.head.length)));
      }
      this.size += length;
      at += length;
      if (length < 255) this.packet();
    }
  }

  private packet(): void {
    const [packet, size] = [Uint8Array.from(this.head), this.size];
    this.head = [];
    this.size = 0;
    this.packets += 1;
    if (this.headersLeft === 0) {
      this.measured.add(this.secondsOf?.(packet) ?? 0, size);
      return;
    }
    this.headers.push(packet);
    if (this.headers.length === 1) {
      this.headersLeft = headersOf(packet);
      this.kind = kindOf(packet);
      if (this.kind !== (this.before ?? this.kind)) {
        throw invalid(
          "The file changes its kind of sound in the middle. Save it as one recording.",
        );
      }
    }
    this.headersLeft -= 1;
    if (this.headersLeft === 0) this.secondsOf = secondsBy(this.headers);
  }
}

/** How many packets of a stream are headers, the first among them. */
function headersOf(first: Uint8Array): number {
  const name = textOf(first);
  if (name.startsWith("OpusHead")) return 2;
  if (name.startsWith("\x01vorbis")) return 3;
  // RFC 9639, section 10.1: the count does not hold the first.
  if (name.startsWith("\x7fFLAC")) return 1 + ((first[7] ?? 0) << 8 | (first[8] ?? 0));
  if (/^(\x80theora|BBCD|fishead)/.test(name)) {
    throw unsupported("This is a video. Send its sound alone.");
  }
  throw unsupported("Ogg with an unknown codec is not accepted.");
}

function textOf(packet: Uint8Array): string {
  return String.fromCharCode(...packet.subarray(0, 8));
}

/** What a decoder is set up for once and cannot change in the middle. */
function kindOf(first: Uint8Array): string {
  const [from, to] = first[0] === 0x4f ? [9, 10] : first[0] === 0x7f ? [27, 30] : [11, 16];
  return String.fromCharCode(...first.subarray(0, 7), ...first.subarray(from, to));
}

function secondsBy(headers: readonly Uint8Array[]): SecondsOf {
  const [first, second, third] = headers;
  if (first?.[0] === 0x4f) {
    if (second !== undefined && textOf(second) === "OpusTags") return opusSeconds;
    throw invalid("The file is damaged: it cannot be read as audio.");
  }
  if (first?.[0] === 0x7f) {
    const [a = 0, b = 0, c = 0] = first.subarray(27, 30);
    return flacSeconds(a << 12 | b << 4 | c >> 4);
  }
  const seconds = first && third && vorbisSeconds(first, third);
  if (seconds === undefined) throw invalid("The file is damaged: it cannot be read as audio.");
  return seconds;
}

/** Whether a page is all there and its checksum right: a CRC of all of it, its own four bytes taken for zeros. */
function isIntact(page: Uint8Array): boolean {
  const segments = page.subarray(27, 27 + (page[26] ?? 0));
  const size = 27 + segments.length + segments.reduce((sum, one) => sum + one, 0);
  if (page.length < size || page.length < 27) return false;
  let crc = 0;
  for (let at = 0; at < page.length; at++) {
    const byte = at >= 22 && at < 26 ? 0 : page[at] ?? 0;
    crc = crc << 8 ^ (CRC_32[crc >>> 24 ^ byte] ?? 0);
  }
  return crc >>> 0 === new DataView(page.buffer, page.byteOffset).getUint32(22, true);
}

/** By the polynomial 0x04c11db7 (RFC 3533, section 6). */
const CRC_32 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? crc << 1 ^ 0x04c1_1db7 : crc << 1;
  return crc;
});
