/**
 * Design of the low-pass filter between two sample rates: a Kaiser-windowed sinc, cut into
 * polyphase branches. Pure arithmetic, shared by the worklet, its fallback and the tests.
 */

/** Kaiser's β: 8 gives side lobes about 81 dB down. */
const KAISER_BETA = 8;
/** Taps of each branch at 48 kHz and below; the transition band is then at most 2 kHz wide. */
const BRANCH_TAPS = 128;
/** The cutoff as a part of the lower rate: 7.5 kHz of 16 kHz. */
const CUTOFF = 15 / 32;

export interface ResamplerDesign {
  /** Hertz. */
  readonly inputRate: number;
  /** Hertz. */
  readonly outputRate: number;
  /** L: `outputRate / gcd`, the number of branches. */
  readonly up: number;
  /** M: `inputRate / gcd`. */
  readonly down: number;
  /** Taps of one branch. */
  readonly taps: number;
  /** `up` branches of `taps` coefficients each, newest sample last. */
  readonly branches: Float32Array;
  /** Group delay in input samples; the resampler takes it out again. */
  readonly delay: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The modified Bessel function of the first kind, order zero, by its power series. */
export function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-16; k += 1) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

/**
 * The prototype filter at `inputRate * up`, with unit gain after interpolation by `up`. Its centre
 * lies on a tap, so that the delay is a whole number of input samples.
 */
function prototype(length: number, up: number, cutoff: number): Float64Array {
  const taps = new Float64Array(length);
  const centre = length / 2;
  const scale = besselI0(KAISER_BETA);
  let sum = 0;
  for (let n = 0; n < length; n += 1) {
    const t = n - centre;
    const edge = t / centre;
    const window = besselI0(KAISER_BETA * Math.sqrt(Math.max(0, 1 - edge * edge))) / scale;
    const angle = 2 * Math.PI * cutoff * t;
    const tap = window * (t === 0 ? 2 * cutoff : Math.sin(angle) / (Math.PI * t));
    taps[n] = tap;
    sum += tap;
  }
  return taps.map((tap) => (tap * up) / sum);
}

/**
 * Designs the filter that takes `inputRate` to `outputRate`.
 *
 * @throws RangeError for a rate that is no whole number of hertz between 3,000 and 768,000.
 */
export function designResampler(inputRate: number, outputRate: number): ResamplerDesign {
  for (const rate of [inputRate, outputRate]) {
    if (!Number.isInteger(rate) || rate < 3000 || rate > 768_000) {
      throw new RangeError(`${rate} Hz is not a sample rate that can be converted`);
    }
  }
  const divisor = greatestCommonDivisor(inputRate, outputRate);
  const up = outputRate / divisor;
  const down = inputRate / divisor;
  if (up === 1 && down === 1) {
    const branches = Float32Array.of(1);
    return { inputRate, outputRate, up, down, taps: 1, branches, delay: 0 };
  }
  // Above 48 kHz more taps keep the same span in time, and so the same transition band in hertz.
  const taps = 2 * Math.ceil((BRANCH_TAPS / 2) * Math.max(1, inputRate / 48_000));
  const cutoff = (CUTOFF * Math.min(inputRate, outputRate)) / (inputRate * up);
  const filter = prototype(taps * up, up, cutoff);
  const branches = new Float32Array(taps * up);
  for (let phase = 0; phase < up; phase += 1) {
    for (let k = 0; k < taps; k += 1) {
      branches[phase * taps + (taps - 1 - k)] = filter[phase + k * up] as number;
    }
  }
  return { inputRate, outputRate, up, down, taps, branches, delay: taps / 2 };
}
