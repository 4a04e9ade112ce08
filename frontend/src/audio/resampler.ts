/** Streaming conversion of the sample rate, block by block, without drift and without delay. */
import type { ResamplerDesign } from "./fir";

export class Resampler {
  readonly design: ResamplerDesign;
  /** The last `taps - 1` samples, then the block at hand. */
  #buffer: Float32Array;
  #output = new Float32Array(0);
  /** Where the next output's newest sample lies in the block at hand. */
  #index: number;
  #phase = 0;
  #consumed = 0;
  #produced = 0;

  constructor(design: ResamplerDesign) {
    this.design = design;
    this.#buffer = new Float32Array(design.taps - 1);
    this.#index = design.delay;
  }

  /** Returns what the block completes, valid until the next call. */
  process(block: Float32Array): Float32Array {
    this.#consumed += block.length;
    return this.#run(block);
  }

  /** Returns the tail that the filter still holds: `ceil(consumed * L / M)` samples in all. */
  flush(): Float32Array {
    const { up, down, delay } = this.design;
    const expected = Math.ceil((this.#consumed * up) / down);
    const owed = expected - this.#produced;
    const tail = this.#run(new Float32Array(delay)).subarray(0, owed);
    this.#buffer.fill(0);
    this.#index = delay;
    this.#phase = 0;
    this.#consumed = 0;
    this.#produced = 0;
    return tail;
  }

  #run(block: Float32Array): Float32Array {
    const { up, down, taps, branches } = this.design;
    const history = taps - 1;
    if (this.#buffer.length < history + block.length) {
      const grown = new Float32Array(history + block.length);
      grown.set(this.#buffer.subarray(0, history));
      this.#buffer = grown;
    }
    const capacity = Math.ceil((block.length * up) / down) + 1;
    if (this.#output.length < capacity) this.#output = new Float32Array(capacity);
    const buffer = this.#buffer;
    const output = this.#output;
    buffer.set(block, history);

    let index = this.#index;
    let phase = this.#phase;
    let count = 0;
    while (index < block.length) {
      const branch = phase * taps;
      let sum = 0;
      for (let k = 0; k < taps; k += 1) {
        sum += (branches[branch + k] as number) * (buffer[index + k] as number);
      }
      output[count] = sum;
      count += 1;
      phase += down;
      const steps = Math.floor(phase / up);
      index += steps;
      phase -= steps * up;
    }
    this.#index = index - block.length;
    this.#phase = phase;
    this.#produced += count;
    buffer.copyWithin(0, block.length, block.length + history);
    return output.subarray(0, count);
  }
}
