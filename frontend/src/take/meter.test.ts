import { beforeEach, expect, test } from "vitest";
import { Meter, WAVEFORM_BARS } from "./meter";

let meter: Meter;
beforeEach(() => {
  meter = new Meter();
});

const push = (peak: number, times = 1) => {
  for (let n = 0; n < times; n += 1) meter.push(peak, peak / 4, 0.05);
};

test("The level rises at once and falls slowly enough to be seen", () => {
  push(1);
  expect(meter.level).toBe(0);
  push(0);
  expect(meter.level).toBeCloseTo(-2);
  push(0, 19);
  expect(meter.level).toBeCloseTo(-40);
});

test.each([
  [0.01, "quiet"],
  [0.05, "quiet"],
  [0.2, "good"],
  [1, "loud"],
] as const)("A peak of %d is told as %s", (peak, word) => {
  push(peak, 10);
  expect(meter.word).toBe(word);
});

test("A pause between words is not too quiet yet; a longer one is", () => {
  push(0.2, 5);
  push(0, 20);
  expect(meter.word).toBe("good");
  push(0, 20);
  expect(meter.word).toBe("quiet");
});

test("Silence is counted in seconds, and forgotten with a sound", () => {
  push(0.0001, 40);
  expect(meter.silentSeconds).toBeCloseTo(2);
  push(0.1);
  expect(meter.silentSeconds).toBe(0);
});

test("The newest bar is the last one, and old ones fall out at the front", () => {
  push(0.5);
  push(0.25);
  expect([...meter.bars.slice(-2)]).toEqual([0.5, 0.25]);
  push(0, WAVEFORM_BARS);
  expect(Math.max(...meter.bars)).toBe(0);
  expect(meter.count).toBe(WAVEFORM_BARS + 2);
  meter.reset();
  expect(meter.count).toBe(0);
});
