import { expect, test } from "vitest";
import { measure } from "../audio/measure";
import { countSamples, peaksOf, recordingName, slicePcm, trimmable } from "./take";

const RATE = 1000;
const pcmOf = (...blocks: number[][]) => ({
  blocks: blocks.map((block) => Int16Array.from(block)),
  rate: RATE,
});
const flat = (pcm: ReturnType<typeof slicePcm>) => pcm.blocks.flatMap((block) => [...block]);

test("A slice holds exactly the samples between its ends, across blocks", () => {
  const pcm = pcmOf([0, 1, 2], [3, 4], [5, 6, 7, 8]);
  expect(flat(slicePcm(pcm, 0.002, 0.006))).toEqual([2, 3, 4, 5]);
  expect(flat(slicePcm(pcm, 0, 1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(countSamples(slicePcm(pcm, 0.005, 0.005))).toBe(0);
});

test("A waveform has one peak for each stretch, whatever the blocks", () => {
  const block = new Array(320).fill(0);
  block[3] = -32_768;
  block[319] = 16_384;
  const peaks = peaksOf(pcmOf(block.slice(0, 7), block.slice(7)), 160);
  expect(peaks).toHaveLength(160);
  expect([peaks[1], peaks[159], peaks[0]]).toEqual([1, 0.5, 0]);
});

test("No samples are a flat line", () => {
  expect(new Set(peaksOf(pcmOf(), 160))).toEqual(new Set([0]));
});

test("Only silence that is worth it is offered to be trimmed, with a margin left", () => {
  const rate = 16_000;
  const speech = (from: number, to: number, seconds: number) => {
    const pcm = Int16Array.from({ length: seconds * rate }, (_, n) => (n % 7) - 3);
    for (let n = from * rate; n < to * rate; n += 1) pcm[n] = Math.round(3000 * Math.sin(n / 8));
    return trimmable(measure([pcm], rate));
  };
  const cut = speech(2, 6, 9);
  expect(cut?.from).toBeCloseTo(1.7, 1);
  expect(cut?.to).toBeCloseTo(6.3, 1);
  expect(cut?.saves).toBeCloseTo(4.4, 1);
  expect(speech(0.5, 6, 6.5)).toBeUndefined();
  expect(trimmable(measure([new Int16Array(5 * rate)], rate))).toBeUndefined();
});

test("A recording is named after the moment it was made", () => {
  expect(recordingName(new Date(2026, 2, 4, 5, 6, 7))).toBe("recording-2026-03-04-050607.wav");
});
