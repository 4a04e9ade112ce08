import { describe, expect, test } from "vitest";
import { besselI0, designResampler, type ResamplerDesign } from "./fir";

/** Gain at `hertz`, as a factor, of what the branches do together. */
function frequencyResponse(design: ResamplerDesign, hertz: number): number {
  const { up, taps, branches, inputRate } = design;
  const step = (2 * Math.PI * hertz) / (inputRate * up);
  let real = 0;
  let imaginary = 0;
  for (let phase = 0; phase < up; phase += 1) {
    for (let k = 0; k < taps; k += 1) {
      const tap = branches[phase * taps + (taps - 1 - k)] as number;
      const angle = step * (phase + k * up);
      real += tap * Math.cos(angle);
      imaginary -= tap * Math.sin(angle);
    }
  }
  return Math.hypot(real, imaginary) / up;
}

const decibels = (gain: number) => 20 * Math.log10(gain);

test("The Bessel function meets its tabled values", () => {
  expect(besselI0(0)).toBe(1);
  expect(besselI0(1)).toBeCloseTo(1.2660658777520084, 12);
  expect(besselI0(8)).toBeCloseTo(427.56411572180474, 8);
});

describe.each([44_100, 48_000, 88_200, 96_000])("From %i Hz to 16 kHz", (rate) => {
  const design = designResampler(rate, 16_000);

  test("speech passes within 1 dB up to 6.8 kHz", () => {
    for (let hertz = 0; hertz <= 6800; hertz += 50) {
      expect(Math.abs(decibels(frequencyResponse(design, hertz)))).toBeLessThan(1);
    }
  });

  test("everything from 9 kHz to the Nyquist frequency is at least 80 dB down", () => {
    for (let hertz = 9000; hertz <= rate / 2; hertz += 37) {
      expect(decibels(frequencyResponse(design, hertz))).toBeLessThan(-80);
    }
  });
});

test("Equal rates need no filter", () => {
  expect(designResampler(16_000, 16_000)).toMatchObject({ taps: 1, up: 1, down: 1, delay: 0 });
});

test("44.1 kHz is taken to 16 kHz by 160/441", () => {
  expect(designResampler(44_100, 16_000)).toMatchObject({ up: 160, down: 441, taps: 128 });
});

test.each([0, -1, 44_100.5, Number.NaN, 10_000_000])("%d Hz is refused", (rate) => {
  expect(() => designResampler(rate, 16_000)).toThrow(RangeError);
});
