/** A recording in place of the microphone: the same graph, exact samples. For development. */
import { Scope } from "../lib/scope";
import { closeWith, openGraph } from "./graph";
import {
  type AudioListener,
  type AudioSource,
  type OpenOptions,
  type OpenSource,
  SourceError,
} from "./source";

/** Hertz of a WAV, so that its context needs no conversion. */
function wavRate(bytes: ArrayBuffer): number | undefined {
  if (bytes.byteLength < 28) return undefined;
  const view = new DataView(bytes);
  return view.getUint32(0) === 0x52494646 ? view.getUint32(24, true) : undefined; // "RIFF"
}

export class LoopbackSource implements AudioSource {
  readonly #url: string;
  readonly #worklet: boolean;

  /** @param url An audio file that this page may fetch. */
  constructor(url: string, options: { readonly worklet?: boolean } = {}) {
    this.#url = url;
    this.#worklet = options.worklet ?? true;
  }

  async open(
    options: OpenOptions,
    listener: AudioListener,
    signal: AbortSignal,
  ): Promise<OpenSource> {
    const response = await fetch(this.#url, { signal });
    if (!response.ok) throw new SourceError("missing");
    const bytes = await response.arrayBuffer();
    const sampleRate = wavRate(bytes);
    const context = new AudioContext(sampleRate ? { sampleRate } : {});
    const scope = new Scope();
    closeWith(scope, context);
    const input = context.createBufferSource();
    let started = false;
    try {
      input.buffer = await context.decodeAudioData(bytes);
      const source = await openGraph(
        {
          context,
          input,
          label: "Loopback",
          scope,
          worklet: this.#worklet,
          onRun: () => {
            if (!started) input.start();
            started = true;
          },
        },
        options,
        listener,
      );
      signal.throwIfAborted();
      return source;
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }
}
