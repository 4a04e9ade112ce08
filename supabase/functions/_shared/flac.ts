/** FLAC: frames behind one another (RFC 9639, section 9), with blocks of metadata before them. */

import { flacBytes, tagBytes } from "./containers.ts";
import { invalid, type Measured } from "./measured.ts";
import { flacSeconds } from "./packets.ts";

/** Samples of the largest frame that a stream may have at least (section 8.2). */
const LEAST_BLOCK = 16;

export function isFlac(file: Uint8Array): boolean {
  const at = tagBytes(file);
  return String.fromCharCode(...file.subarray(at, at + 4)) === "fLaC";
}

/** Add up every frame, whatever stands between. */
export function measureFlac(file: Uint8Array, measured: Measured): void {
  // STREAMINFO is the first block: rate, channels and bits begin 10 bytes into it (section 8.2).
  const stream = tagBytes(file) + 8;
  const most = (file[stream + 2] ?? 0) << 8 | (file[stream + 3] ?? 0);
  if (most < LEAST_BLOCK) throw invalid("The file is damaged: it cannot be read as audio.");
  const [a = 0, b = 0, c = 0, d = 0] = file.subarray(stream + 10, stream + 14);
  const secondsOf = flacSeconds(a << 12 | b << 4 | c >> 4);
  const channels = (c >> 1 & 7) + 1;
  const bits = ((c & 1) << 4 | d >> 4) + 1;
  let [last, codes] = [-1, -1];
  const add = (end: number) => {
    if (last !== -1) measured.add(secondsOf(file.subarray(last, end)), end - last);
  };
  for (let at = file.length - flacBytes(file); at < file.length && !measured.isEnough; at++) {
    if (file[at] !== 0xff || !isHeader(file, at, channels, bits)) continue;
    // What begins in the middle of a frame by chance has another rate or depth.
    const own = ((file[at + 2] ?? 0) & 15) << 4 | (file[at + 3] ?? 0) & 15;
    if (codes === -1) codes = own;
    if (own !== codes) continue;
    add(at);
    last = at;
  }
  add(file.length);
}

/** Whether a frame of these channels and bits begins here (section 9.1). */
function isHeader(file: Uint8Array, at: number, channels: number, bits: number): boolean {
  const [, sync = 0, codes = 0, layout = 0, number = 0] = file.subarray(at, at + 5);
  if ((sync & 0xfe) !== 0xf8 || codes >> 4 === 0 || (codes & 15) === 15 || layout & 1) return false;
  const [order, depth] = [layout >> 4, layout >> 1 & 7];
  if ((order < 8 ? order + 1 : order < 11 ? 2 : 0) !== channels) return false;
  if (depth !== 0 && [0, 8, 12, 0, 16, 20, 24, 32][depth] !== bits) return false;
  const ones = Math.clz32(~(number << 24)); // the number is coded as UTF-8 codes characters
  if (ones === 1 || ones > 7) return false;
  const [block, rate] = [codes >> 4, codes & 15];
  const end = at + 4 + Math.max(1, ones) + (block === 6 ? 1 : block === 7 ? 2 : 0) +
    (rate === 12 ? 1 : rate > 12 ? 2 : 0);
  if (end >= file.length) return false;
  let crc = 0;
  for (let n = at; n < end; n++) crc = CRC_8[crc ^ (file[n] ?? 0)] ?? 0;
  return crc === file[end];
}

/** By the polynomial x⁸ + x² + x + 1 (section 9.1.8). */
const CRC_8 = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1 ^ 0x07) & 0xff : crc << 1;
  return crc;
});
