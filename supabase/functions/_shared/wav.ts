/** WAV: RIFF, and RF64 and BW64 for what is long (ITU-R BS.2088). */

import { riffParts } from "./containers.ts";
import { invalid, type Measured, unsupported } from "./measured.ts";

/** Format tags (RFC 2361), and the bits of a sample that each may have. */
const BITS: Readonly<Record<number, readonly number[]>> = {
  1: [8, 16, 24, 32],
  3: [32, 64],
  6: [8],
  7: [8],
};
const EXTENSIBLE = 0xfffe;

export function isWav(file: Uint8Array): boolean {
  const start = String.fromCharCode(...file.subarray(0, 12));
  return /^(RIFF|RF64|BW64)/.test(start) && start.endsWith("WAVE");
}

/** Add up what a WAV holds. */
export function measureWav(file: Uint8Array, measured: Measured): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let bytesPerSecond: number | undefined;
  for (const { name, start, end } of riffParts(file)) {
    if (name === "fmt " && end - start >= 16) bytesPerSecond ??= rateOf(view, start, end);
    if (name !== "data" || end === start) continue;
    // Some readers take the first, and others the last.
    if (measured.packets > 0) {
      throw invalid("The file's header is wrong: it names several pieces of sound.");
    }
    if (bytesPerSecond === undefined) break;
    measured.add((end - start) / bytesPerSecond, end - start);
  }
  if (bytesPerSecond === undefined) {
    throw invalid("The file is damaged: it cannot be read as audio.");
  }
}

function rateOf(view: DataView, start: number, end: number): number {
  const field = (at: number) => view.getUint16(start + at, true);
  const tag = field(0) === EXTENSIBLE && end - start >= 40 ? field(24) : field(0);
  const [channels, rate, block, bits] = [
    field(2),
    view.getUint32(start + 4, true),
    field(12),
    field(14),
  ];
  if (!BITS[tag]?.includes(bits)) {
    throw unsupported(`WAV with format ${tag} of ${bits} bits is not accepted. Save it as PCM.`);
  }
  if (block !== channels * bits / 8) {
    throw unsupported(`The file keeps ${bits} bits in a frame of ${block} bytes. Save it anew.`);
  }
  if (block * rate === 0) throw invalid("The file is damaged: it cannot be read as audio.");
  return block * rate;
}
