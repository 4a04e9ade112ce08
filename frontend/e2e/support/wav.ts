/** WAV files as the tests make and read them: mono, 16 bit. */
import { readFileSync, writeFileSync } from "node:fs";
import { designResampler } from "../../src/audio/fir";
import { toInt16 } from "../../src/audio/pcm";
import { Resampler } from "../../src/audio/resampler";
import { wavHeader } from "../../src/audio/wav";

export interface Sound {
  /** Hertz. */
  readonly rate: number;
  readonly samples: Float32Array;
}

export function parseWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 12;
  while (view.getUint32(at) !== 0x64617461) at += 8 + view.getUint32(at + 4, true); // "data"
  const count = Math.min(view.getUint32(at + 4, true), bytes.byteLength - at - 8) / 2;
  const samples = Float32Array.from(
    { length: count },
    (_, n) => view.getInt16(at + 8 + 2 * n, true) / 32_768,
  );
  return { rate: view.getUint32(24, true), samples };
}

export const readWav = (path: string): Sound => parseWav(readFileSync(path));

export function writeWav(path: string, { rate, samples }: Sound): void {
  const pcm = Int16Array.from(samples, toInt16);
  const header = new Uint8Array(wavHeader(pcm.length, rate));
  writeFileSync(path, Buffer.concat([header, new Uint8Array(pcm.buffer)]));
}

export function resample(sound: Sound, rate: number): Sound {
  const resampler = new Resampler(designResampler(sound.rate, rate));
  const parts = [resampler.process(sound.samples).slice(), resampler.flush().slice()];
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { rate, samples };
}

/** Pearson's correlation of `a` from `i` with `b` from `j`, over `length` samples. */
function correlation(
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  length: number,
): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let n = 0; n < length; n += 1) {
    const x = a[i + n] ?? 0;
    const y = b[j + n] ?? 0;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** The lag of `b` behind `a`, in samples, that fits best around `guess`. */
function bestLag(
  a: Float32Array,
  i: number,
  b: Float32Array,
  length: number,
  guess: number,
  reach: number,
  step: number,
): number {
  let best = guess;
  let most = Number.NEGATIVE_INFINITY;
  for (let lag = guess - reach; lag <= guess + reach; lag += step) {
    const fit = correlation(a, i, b, i + lag, length);
    if (fit > most) [best, most] = [lag, fit];
  }
  return best;
}

/**
 * How alike two recordings of one sound are, from 0 to 1: the lowest correlation of all windows of
 * half a second that hold speech. A fake microphone may slip by some milliseconds between two
 * windows, so each is aligned by itself, near to where the one before was.
 */
export function similarity(source: Sound, recorded: Sound): number {
  if (source.rate !== recorded.rate) throw new Error("The rates differ.");
  const { rate } = source;
  const window = Math.round(rate / 2);
  const loud = (at: number) => {
    let energy = 0;
    for (let n = 0; n < window; n += 1) energy += (source.samples[at + n] ?? 0) ** 2;
    return energy / window > 1e-4;
  };
  let lag: number | undefined;
  let lowest = 1;
  for (let at = 0; at + window <= source.samples.length; at += window) {
    if (!loud(at)) continue;
    const b = recorded.samples;
    if (lag === undefined) {
      const coarse = bestLag(source.samples, at, b, window, 0, rate / 2, 8);
      lag = bestLag(source.samples, at, b, window, coarse, 16, 1);
    } else {
      lag = bestLag(source.samples, at, b, window, lag, Math.round(rate * 0.03), 1);
    }
    lowest = Math.min(lowest, correlation(source.samples, at, b, at + lag, window));
  }
  return lowest;
}
