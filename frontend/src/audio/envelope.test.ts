import { expect, test } from "vitest";
import { envelopeOf, pausesOf, STEP_SECONDS } from "./envelope";

const RATE = 8000;
/** A tone, with nothing from `from` to `to`. */
const tone = (seconds: number, from: number, to: number) =>
  Int16Array.from({ length: seconds * RATE }, (_, n) =>
    n >= from * RATE && n < to * RATE ? n % 3 : Math.round(8000 * Math.sin(n / 3)),
  );

test("An envelope has one step for each fiftieth of a second, across all blocks", () => {
  const pcm = tone(2, 0.8, 1.2);
  const { peaks } = envelopeOf({ blocks: [pcm.slice(0, 999), pcm.slice(999)], rate: RATE });
  expect(peaks.length).toBe(2 / STEP_SECONDS);
  expect(peaks[0]).toBeCloseTo(8000 / 32_768, 2);
  expect(peaks[50]).toBeLessThan(0.001);
});

test("A pause is where it is quiet for a quarter of a second", () => {
  const [pause, ...others] = pausesOf(envelopeOf({ blocks: [tone(2, 0.8, 1.2)], rate: RATE }));
  expect(others).toEqual([]);
  expect(pause?.from).toBeCloseTo(0.8, 1);
  expect(pause?.to).toBeCloseTo(1.2, 1);
  expect(pausesOf(envelopeOf({ blocks: [tone(2, 0.8, 0.9)], rate: RATE }))).toEqual([]);
  expect(pausesOf(envelopeOf({ blocks: [], rate: RATE }))).toEqual([]);
});
