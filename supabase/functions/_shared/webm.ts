/**
 * What of a WebM is sound, told by walking its elements in FFmpeg's order (RFC 8794 and RFC 9559).
 *
 * Behind a broken place FFmpeg looks for the next cluster, and other readers look elsewhere. So a
 * file with a cluster behind such a place, or in what is not understood, is refused.
 */

import { IN_PARTS, invalid } from "./measured.ts";

const EBML = 0x1a45_dfa3;
const SEGMENT = 0x1853_8067;
const CLUSTER = 0x1f43_b675;
const BLOCK_GROUP = 0xa0;
const TRACKS = 0x1654_ae6b;
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
const LACING = 6;

export interface Held {
  /** How many bytes may be sound. */
  readonly bytes: number;
  /** How many packets its blocks hold. */
  readonly packets: number;
}

/**
 * Return what a WebM holds.
 *
 * @throws {Failure} `invalid_audio`: not all readers find the same clusters.
 */
export function webmHeld(file: Uint8Array): Held {
  let [bytes, packets, at] = [0, 0, 0];
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
    const isBlock = BLOCKS.get(name) === inside.name;
    if (isBlock) packets += packetsIn(file.subarray(start, end));
    if (end > Math.min(inside.end, file.length)) break;
    if (isBlock) bytes += Math.max(0, end - start - BLOCK_HEADER_BYTES);
    else if (!isSilent(name, inside.name)) bytes += bytesWithout(file.subarray(start, end));
    at = end;
  }
  return { bytes: bytes + bytesWithout(file.subarray(at)), packets };
}

function isSilent(name: number, inside: number): boolean {
  return SILENT.has(name) || (inside === SEGMENT ? OF_SEGMENT.has(name) : name === EBML);
}

/** The element at a place, by where its content lies; undefined where there is none. */
function elementAt(
  file: Uint8Array,
  at: number,
): { name: number; start: number; end: number } | undefined {
  const width = Math.clz32(file[at] ?? 0) - 23;
  if (width > 4) return undefined;
  let name = 0;
  for (let n = 0; n < width; n++) name = name * 256 + (file[at++] ?? 0);
  const lead = file[at] ?? 0;
  const sizeWidth = Math.clz32(lead) - 23;
  if (sizeWidth > 8) return undefined;
  let size = lead & (1 << 8 - sizeWidth) - 1;
  for (let n = 1; n < sizeWidth; n++) size = size * 256 + (file[at + n] ?? 0);
  const start = at + sizeWidth;
  const isEndless = size >= 2 ** (7 * sizeWidth) - 1;
  return { name, start, end: isEndless ? Infinity : start + size };
}

/** How many packets a block holds: with lacing their count stands behind its header. */
function packetsIn(block: Uint8Array): number {
  const isLaced = ((block[BLOCK_HEADER_BYTES - 1] ?? 0) & LACING) !== 0;
  return isLaced ? (block[BLOCK_HEADER_BYTES] ?? 0) + 1 : 1;
}

/** How many bytes there are, which hold no cluster. */
function bytesWithout(rest: Uint8Array): number {
  for (let at = rest.indexOf(0x1f); at !== -1; at = rest.indexOf(0x1f, at + 1)) {
    if (rest[at + 1] === 0x43 && rest[at + 2] === 0xb6 && rest[at + 3] === 0x75) {
      throw invalid(IN_PARTS);
    }
  }
  return rest.length;
}
