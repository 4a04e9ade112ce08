import { describe, expect, test } from "vitest";
import { designResampler } from "./fir";
import { Resampler } from "./resampler";

function sine(hertz: number, rate: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, n) =>
    Math.sin((2 * Math.PI * hertz * n) / rate),
  );
}

/** Everything that comes out for `input`, fed in blocks of `size`. */
function convert(input: Float32Array, from: number, to: number, size = 128): Float32Array {
  const resampler = new Resampler(designResampler(from, to));
  const output: number[] = [];
  for (let at = 0; at < input.length; at += size) {
    output.push(...resampler.process(input.subarray(at, at + size)));
  }
  output.push(...resampler.flush());
  return Float32Array.from(output);
}

const peak = (samples: Float32Array) => samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0);

describe.each([8000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000])("From %i Hz", (rate) => {
  test("a tone of 1 kHz comes out in time and at its own level", () => {
    const output = convert(sine(1000, rate, rate), rate, 16_000);
    const wanted = sine(1000, 16_000, 16_000);
    expect(output.length).toBe(16_000);
    // The first and last milliseconds meet the silence outside, as they should.
    for (let n = 400; n < 15_600; n += 1) {
      expect(Math.abs((output[n] as number) - (wanted[n] as number))).toBeLessThan(1e-3);
    }
  });

  test("the number of samples is exact, whatever the length", () => {
    for (const length of [0, 1, 127, 128, 4410, 12_345]) {
      expect(convert(new Float32Array(length), rate, 16_000).length).toBe(
        Math.ceil((length * 16_000) / rate),
      );
    }
  });
});

test.each([44_100, 48_000])("A tone of 12 kHz at %i Hz does not fold into speech", (rate) => {
  const output = convert(sine(12_000, rate, rate), rate, 16_000);
  expect(20 * Math.log10(peak(output.subarray(400, 15_600)))).toBeLessThan(-80);
});

test("Block boundaries leave no trace", () => {
  const input = sine(440, 44_100, 20_000);
  const whole = convert(input, 44_100, 16_000, input.length);
  for (const size of [1, 127, 128, 1000, 4096]) {
    expect(convert(input, 44_100, 16_000, size)).toEqual(whole);
  }
});

test("After a flush it begins anew, with nothing of what was", () => {
  const resampler = new Resampler(designResampler(48_000, 16_000));
  resampler.process(sine(1000, 48_000, 4800));
  resampler.flush();
  const output = [...resampler.process(new Float32Array(4800)), ...resampler.flush()];
  expect(output).toEqual(new Array(1600).fill(0));
});
