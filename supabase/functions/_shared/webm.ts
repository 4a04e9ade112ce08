/**
 * WebM: packets in blocks, found by walking the elements in FFmpeg's order (RFC 8794 and RFC 9559).
 *
 * Behind a broken place FFmpeg looks for the next cluster, and other readers look elsewhere. So a
 * file with a cluster behind such a place, or in what is not understood, is refused.
 */

import { IN_PARTS, invalid, type Measured, UNCOMMON, unsupported } from "./measured.ts";
import type { SecondsOf } from "./packets.ts";

const EBML = 0x1a45_dfa3;
const SEGMENT = 0x1853_8067;
const CLUSTER = 0x1f43_b675;
const BLOCK_GROUP = 0xa0;
const TRACKS = 0x1654_ae6b;
const TRACK_ENTRY = 0xae;
const CONTENT_ENCODINGS = 0x6d80;
/** What holds other elements, and where each stands; 0 is the file. */
const MASTERS = new Map([[SEGMENT, 0], [CLUSTER, SEGMENT], [BLOCK_GROUP, CLUSTER]]);
/** What holds sound, SimpleBlock and Block, and where each stands. */
const BLOCKS = new Map([[0xa3, CLUSTER], [0xa1, BLOCK_GROUP]]);
/** In a Segment, besides clusters: SeekHead, Info, Tracks, Cues, Chapters, Attachments, Tags. */
const OF_SEGMENT = new Set([
  ...[0x114d_9b74, 0x1549_a966, TRACKS, 0x1c53_bb6b, 0x1043_a770, 0x1941_a469, 0x1254_c367],
]);
/** Void and CRC-32; in a Cluster and a BlockGroup: times, sizes, places. */
const SILENT = new Set([
  ...[0xec, 0xbf],
  ...[0xe7, 0xa7, 0xab, 0x5854, 0x9b, 0xfa, 0xfb, 0xfd, 0xa4, 0x75a1, 0x75a2, 0x8e],
]);
const ONCE = new Set([EBML, SEGMENT, TRACKS]);
/** Track number, time and flags of a block (RFC 9559, section 10). */
const BLOCK_HEADER_BYTES = 4;
/** How the sizes of several packets stand in a block, by its flags (RFC 9559, section 10.3). */
const LACING = { none: 0, xiph: 2, fixed: 4, ebml: 6 };

/** A piece of a WebM that may be sound. */
interface Piece {
  readonly data: Uint8Array;
  readonly isBlock: boolean;
}

/**
 * Add up the packets of a track.
 *
 * @throws {Failure} `invalid_audio`: not all readers find the same clusters or packets;
 *   `unsupported_audio`: its packets are compressed or encrypted.
 */
export function measureWebm(
  file: Uint8Array,
  track: number,
  secondsOf: SecondsOf,
  measured: Measured,
): void {
  for (const { data, isBlock } of pieces(file)) {
    if (!isBlock) continue;
    for (const packet of packets(data, track)) measured.add(secondsOf(packet), packet.length);
    if (measured.isEnough) return;
  }
}

/** Return how many bytes of a WebM may be sound. */
export function webmBytes(file: Uint8Array): number {
  let bytes = 0;
  for (const { data, isBlock } of pieces(file)) {
    bytes += isBlock ? Math.max(0, data.length - BLOCK_HEADER_BYTES) : data.length;
  }
  return bytes;
}

function* pieces(file: Uint8Array): Generator<Piece> {
  let at = 0;
  const open = [{ name: 0, end: Infinity, isEndless: false }];
  const seen = new Set<number>();
  while (at < file.length) {
    const found = elementAt(file, at);
    if (found === undefined) break;
    const { name, start, end } = found;
    let [inside] = open;
    for (; inside !== undefined; open.shift(), [inside] = open) {
      const isOver = inside.isEndless && inside.name === CLUSTER &&
        (name === CLUSTER || OF_SEGMENT.has(name));
      if (at < inside.end && !isOver) break;
    }
    if (inside === undefined || seen.has(name) && ONCE.has(name)) break;
    seen.add(name);
    const isEndless = end === Infinity;
    if (MASTERS.has(name)) {
      if (MASTERS.get(name) !== inside.name || end > inside.end && !isEndless) break;
      open.unshift({ name, end: Math.min(end, inside.end), isEndless });
      at = start;
      continue;
    }
    if (end > Math.min(inside.end, file.length)) break;
    const data = file.subarray(start, end);
    if (BLOCKS.get(name) === inside.name) {
      yield { data, isBlock: true };
    } else if (!isSilent(name, inside.name)) {
      yield { data: withoutClusters(data), isBlock: false };
    }
    if (name === TRACKS && isEncoded(data)) throw unsupported(UNCOMMON);
    at = end;
  }
  yield { data: withoutClusters(file.subarray(at)), isBlock: false };
}

function isSilent(name: number, inside: number): boolean {
  return SILENT.has(name) || (inside === SEGMENT ? OF_SEGMENT.has(name) : name === EBML);
}

interface Element {
  readonly name: number;
  readonly start: number;
  /** Infinity where its length is unknown. */
  readonly end: number;
}

/** The element at a place, by where its content lies; undefined where there is none. */
function elementAt(file: Uint8Array, at: number): Element | undefined {
  const width = Math.clz32(file[at] ?? 0) - 23;
  if (width > 4) return undefined;
  let name = 0;
  for (let n = 0; n < width; n++) name = name * 256 + (file[at++] ?? 0);
  const size = integerAt(file, at);
  if (size === undefined) return undefined;
  const isEndless = size.value >= 2 ** (7 * (size.end - at)) - 1;
  return { name, start: size.end, end: isEndless ? Infinity : size.end + size.value };
}

/** A whole number that tells its own width (RFC 8794, section 4), and where it ends. */
function integerAt(file: Uint8Array, at: number): { value: number; end: number } | undefined {
  const lead = file[at] ?? 0;
  const width = Math.clz32(lead) - 23;
  if (width > 8) return undefined;
  let value = lead & (1 << 8 - width) - 1;
  for (let n = 1; n < width; n++) value = value * 256 + (file[at + n] ?? 0);
  return { value, end: at + width };
}

/** Whether a track's packets are compressed, encrypted or without their first bytes. */
function isEncoded(tracks: Uint8Array): boolean {
  for (const entry of elements(tracks)) {
    if (entry.name !== TRACK_ENTRY) continue;
    for (const { name } of elements(tracks.subarray(entry.start, entry.end))) {
      if (name === CONTENT_ENCODINGS) return true;
    }
  }
  return false;
}

function* elements(content: Uint8Array): Generator<Element> {
  for (let at = 0; at < content.length;) {
    const found = elementAt(content, at);
    if (found === undefined) return;
    yield found;
    at = found.end;
  }
}

/** The packets of a block, if it is one of this track. */
function* packets(block: Uint8Array, track: number): Generator<Uint8Array> {
  const number = integerAt(block, 0);
  if (number?.value !== track) return;
  const lacing = (block[number.end + 2] ?? 0) & LACING.ebml;
  let at = number.end + 3;
  const sizes: number[] = [];
  if (lacing !== LACING.none) {
    const others = block[at++] ?? 0;
    const each = Math.floor((block.length - at) / (others + 1));
    for (let n = 0; n < others; n++) {
      let size = lacing === LACING.fixed ? each : 0;
      if (lacing === LACING.xiph) {
        while (block[at] === 255) size += block[at++] ?? 0;
        size += block[at++] ?? 0;
      } else if (lacing === LACING.ebml) {
        const found = integerAt(block, at);
        if (found === undefined) throw invalid(IN_PARTS);
        const before = sizes.at(-1);
        // Behind the first each is a difference, which may be negative.
        const middle = before === undefined ? 0 : 2 ** (7 * (found.end - at) - 1) - 1;
        size = (before ?? 0) + found.value - middle;
        at = found.end;
      }
      sizes.push(size);
    }
  }
  // FFmpeg leaves out what comes behind sizes that do not fit, up to the next cluster.
  const isUneven = lacing === LACING.fixed && (block.length - at) % (sizes.length + 1) !== 0;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (isUneven || sizes.some((size) => size < 0) || at + total > block.length) {
    throw invalid(IN_PARTS);
  }
  for (const size of sizes) yield block.subarray(at, at += size);
  yield block.subarray(at);
}

/** The same bytes, in which no cluster is. */
function withoutClusters(rest: Uint8Array): Uint8Array {
  for (let at = rest.indexOf(0x1f); at !== -1; at = rest.indexOf(0x1f, at + 1)) {
    if (rest[at + 1] === 0x43 && rest[at + 2] === 0xb6 && rest[at + 3] === 0x75) {
      throw invalid(IN_PARTS);
    }
  }
  return rest;
}
