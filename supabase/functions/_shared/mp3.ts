/** MP3: frames behind one another (ISO/IEC 11172-3 and 13818-3), with tags before them. */

import { tagBytes } from "./containers.ts";
import type { Measured } from "./measured.ts";

/** Bits a second of layer III, in thousands, by the index of its header. */
const BITRATES = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const RATES = [44_100, 48_000, 32_000];
/** How far behind the tags the first frame may begin. */
const LEAD_BYTES = 64 * 1024;
/** Frames that must follow one another before a file is taken for an MP3. */
const ENOUGH_FRAMES = 3;

interface Frame {
  readonly bytes: number;
  readonly seconds: number;
  /** Where the word of an encoder's own frame would stand, which holds no sound. */
  readonly side: number;
}

export function isMp3(file: Uint8Array): boolean {
  const first = tagBytes(file);
  for (let at = first; at < Math.min(file.length, first + LEAD_BYTES); at++) {
    let [next, frames] = [at, 0];
    for (let frame = frameAt(file, next); frame !== undefined; frame = frameAt(file, next)) {
      next += frame.bytes;
      frames += 1;
      if (frames === ENOUGH_FRAMES || next >= file.length) return true;
    }
  }
  return false;
}

/** Add up every frame, whatever its rate, and whatever stands between. */
export function measureMp3(file: Uint8Array, measured: Measured): void {
  let at = tagBytes(file);
  while (at + 4 <= file.length && !measured.isEnough) {
    const frame = frameAt(file, at);
    if (frame === undefined) {
      at += 1;
      continue;
    }
    if (!isInfo(file, at + frame.side)) measured.add(frame.seconds, frame.bytes);
    at += frame.bytes;
  }
}

function frameAt(file: Uint8Array, at: number): Frame | undefined {
  const [a, b, c, d] = file.subarray(at, at + 4);
  if (a !== 0xff || b === undefined || c === undefined || d === undefined) return undefined;
  const version = b >> 3 & 3; // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const rate = RATES[c >> 2 & 3];
  const bitrate = BITRATES[version === 3 ? 1 : 2][c >> 4];
  // Twelve bits of sync but for MPEG-2.5's, and layer III.
  if ((b & 0xe0) !== 0xe0 || version === 1 || (b >> 1 & 3) !== 1 || !rate || !bitrate) {
    return undefined;
  }
  const hertz = version === 3 ? rate : version === 2 ? rate / 2 : rate / 4;
  const samples = version === 3 ? 1152 : 576;
  const bytes = Math.floor(samples / 8 * bitrate * 1000 / hertz) + (c >> 1 & 1);
  const mono = d >> 6 === 3;
  const side = version === 3 ? (mono ? 21 : 36) : mono ? 13 : 21;
  return { bytes, seconds: samples / hertz, side };
}

function isInfo(file: Uint8Array, at: number): boolean {
  return /^(Xing|Info)$/.test(String.fromCharCode(...file.subarray(at, at + 4)));
}
