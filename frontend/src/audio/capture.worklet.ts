/** The audio thread's part of recording: hands the graph's samples to `Capture`. */
import { Capture, type CaptureCommand, type CaptureMessage, type CaptureOptions } from "./capture";

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #capture: Capture;

  constructor(options: { processorOptions: Pick<CaptureOptions, "keptRate"> }) {
    super();
    this.#capture = new Capture(
      { inputRate: sampleRate, keptRate: options.processorOptions.keptRate },
      (message: CaptureMessage) => {
        // Sent by transfer: the audio thread should copy nothing and collect nothing.
        const transfer = message.type === "flushed" ? [] : [message.pcm.buffer];
        this.port.postMessage(message, transfer);
      },
    );
    this.port.onmessage = (event: MessageEvent<CaptureCommand>) => {
      this.#capture.command(event.data);
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel) this.#capture.push(channel);
    return true;
  }
}

registerProcessor("utter-capture", CaptureProcessor);
