/** The boxes of an MP4 (ISO/IEC 14496-12), as far as they are looked at before they are read. */

import { invalid } from "./measured.ts";

const TABLES = ["stts", "ctts", "stsc", "stz2", "trun", "saiz"];
/** Boxes in which the library looks for others. */
const PARENTS = new Set(
  "moov trak mdia minf dinf mfra edts sinf schi stbl mvex moof traf udta wave".split(" "),
);
const MAX_DEPTH = 16;
/** Of packets, and of the entries of a table: five minutes have 150,000 packets at most. */
const MAX_SAMPLES = 500_000;
/** For each packet the library adds up the sizes of all packets in its chunk. */
const MAX_ADDITIONS = 1_000_000_000;
const MAX_TRACK_BYTES = 8 * 1024 * 1024;

/** A box, by where its content lies. */
interface Box {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The boxes that follow one another in a stretch of a file. */
export function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to;) {
    const told = view.getUint32(at);
    const isLong = told === 1 && at + 16 <= to;
    const length = isLong ? Number(view.getBigUint64(at + 8)) : told || to - at;
    const head = isLong ? 16 : 8;
    if (length < head) return;
    yield { name: nameAt(view, at + 4), start: at + head, end: Math.min(at + length, to) };
    at += length;
  }
}

/**
 * Refuse tables that unfold into more than a file can hold: the library takes their counts as they
 * are, and fills the memory or counts for hours.
 *
 * @throws {Failure} `invalid_audio`.
 */
export function checkTables(file: Uint8Array): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  checkBoxes(view, 0, file.length, 0);
}

function checkBoxes(view: DataView, from: number, to: number, depth: number): void {
  if (depth > MAX_DEPTH) throw tooMany();
  let samples = 0;
  let perChunk = 0;
  for (const { name, start, end } of boxes(view, from, to)) {
    if (name === "trak" && end - start > MAX_TRACK_BYTES) throw tooMany();
    if (PARENTS.has(name)) checkBoxes(view, start, end, depth + 1);
    if (name === "meta") {
      checkBoxes(view, start, end, depth + 1);
      checkBoxes(view, start + 4, end, depth + 1);
    }
    if (name === "stsd") checkDescriptions(view, start, end);
    if (TABLES.includes(name)) {
      const { count, most } = unfolded(view, name, start, end);
      if (count > MAX_SAMPLES) throw tooMany();
      if (name === "stts") samples += count;
      if (name === "stsc") perChunk = Math.max(perChunk, most);
    }
  }
  if (samples * perChunk > MAX_ADDITIONS) throw tooMany();
}

/** Return how many entries a table unfolds into, and the greatest of its numbers. */
function unfolded(view: DataView, name: string, start: number, end: number) {
  const word = (at: number) => at + 4 <= end ? view.getUint32(at) : 0;
  if (name === "trun") return { count: word(start + 4), most: 0 };
  if (name === "stz2") return { count: word(start + 8), most: 0 };
  if (name === "saiz") return { count: word(start + (word(start) & 1 ? 13 : 5)), most: 0 };
  const [stride, from] = name === "stsc" ? [12, start + 12] : [8, start + 8];
  let [count, most] = [0, 0];
  const entries = Math.min(word(start + 4), Math.ceil((end - start) / stride));
  for (let entry = 0; entry < entries; entry++) {
    const value = word(from + entry * stride);
    count += value;
    most = Math.max(most, value);
  }
  return { count: name === "stsc" ? entries : count, most };
}

/** What is in a description of a codec is read as boxes too; no table belongs there. */
function checkDescriptions(view: DataView, start: number, end: number): void {
  for (let at = start; at + 4 <= end; at++) {
    if (TABLES.includes(nameAt(view, at))) throw tooMany();
  }
}

function nameAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
}

function tooMany() {
  return invalid("The file is cut into too many pieces.");
}
