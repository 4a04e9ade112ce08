/**
 * The heart of recording: from blocks of native samples to kept PCM with its levels and to 100 ms
 * frames for the live stream. Runs in the worklet, and in the page where there is none.
 */
import { designResampler } from "./fir";
import { FRAME_SAMPLES, STREAM_RATE, toInt16 } from "./pcm";
import { Resampler } from "./resampler";

/** Kept PCM at the recording's rate, with its levels. */
export interface CaptureBlock {
  readonly type: "block";
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Largest absolute sample, 0 to 1. */
  readonly peak: number;
  /** Root mean square, 0 to 1. */
  readonly rms: number;
}

/** 16 kHz s16le for the live stream: 100 ms, less only at the end. */
export interface CaptureFrame {
  readonly type: "frame";
  readonly pcm: Int16Array<ArrayBuffer>;
}

/** Everything up to the flush has been told. */
export interface CaptureFlushed {
  readonly type: "flushed";
}

export type CaptureMessage = CaptureBlock | CaptureFrame | CaptureFlushed;

/** `run` lets samples through, `flush` empties what is pending and then drops what comes. */
export type CaptureCommand = "run" | "flush";

export interface CaptureOptions {
  /** Hertz of the samples that come in. */
  readonly inputRate: number;
  /** Hertz of the PCM that is kept. */
  readonly keptRate: number;
}

/** Kept blocks are 50 ms long: short enough for a lively meter, long enough to be cheap. */
const BLOCKS_PER_SECOND = 20;

export class Capture {
  readonly #kept: Resampler;
  readonly #stream: Resampler;
  readonly #emit: (message: CaptureMessage) => void;
  #block: Int16Array<ArrayBuffer>;
  #blockFill = 0;
  #peak = 0;
  #energy = 0;
  #frame = new Int16Array(FRAME_SAMPLES);
  #frameFill = 0;
  #running = false;

  constructor(options: CaptureOptions, emit: (message: CaptureMessage) => void) {
    this.#kept = new Resampler(designResampler(options.inputRate, options.keptRate));
    this.#stream = new Resampler(designResampler(options.inputRate, STREAM_RATE));
    this.#block = new Int16Array(Math.round(options.keptRate / BLOCKS_PER_SECOND));
    this.#emit = emit;
  }

  command(command: CaptureCommand): void {
    if (command === "run") {
      this.#running = true;
      return;
    }
    if (this.#running) {
      this.#keep(this.#kept.flush());
      this.#send(this.#stream.flush());
      this.#emitBlock();
      this.#emitFrame();
      this.#running = false;
    }
    this.#emit({ type: "flushed" });
  }

  /** Takes mono samples, any number of them. */
  push(samples: Float32Array): void {
    if (!this.#running) return;
    this.#keep(this.#kept.process(samples));
    this.#send(this.#stream.process(samples));
  }

  #keep(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i += 1) {
      const sample = samples[i] as number;
      const magnitude = Math.abs(sample);
      if (magnitude > this.#peak) this.#peak = magnitude;
      this.#energy += sample * sample;
      this.#block[this.#blockFill] = toInt16(sample);
      this.#blockFill += 1;
      if (this.#blockFill === this.#block.length) this.#emitBlock();
    }
  }

  #send(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i += 1) {
      this.#frame[this.#frameFill] = toInt16(samples[i] as number);
      this.#frameFill += 1;
      if (this.#frameFill === FRAME_SAMPLES) this.#emitFrame();
    }
  }

  #emitBlock(): void {
    if (this.#blockFill === 0) return;
    this.#emit({
      type: "block",
      pcm: this.#block.slice(0, this.#blockFill),
      peak: Math.min(1, this.#peak),
      rms: Math.min(1, Math.sqrt(this.#energy / this.#blockFill)),
    });
    this.#blockFill = 0;
    this.#peak = 0;
    this.#energy = 0;
  }

  #emitFrame(): void {
    if (this.#frameFill === 0) return;
    this.#emit({ type: "frame", pcm: this.#frame.slice(0, this.#frameFill) });
    this.#frameFill = 0;
  }
}
