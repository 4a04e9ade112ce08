/** An audio source that a test speaks through, sample by sample, without a device or a clock. */
import { Capture } from "../audio/capture";
import {
  type AudioListener,
  type AudioSource,
  type OpenOptions,
  type OpenSource,
  SourceError,
  type SourceFault,
} from "../audio/source";

export class ScriptedSource implements AudioSource {
  /** Fails the next opening. */
  fault: SourceFault | undefined;
  /** Hertz of the device. */
  rate = 48_000;
  opened = 0;
  closed = 0;
  deviceIds: (string | undefined)[] = [];
  /** Openings wait for this. */
  gate: Promise<void> = Promise.resolve();
  #capture: Capture | undefined;
  #listener: AudioListener | undefined;

  async open(
    options: OpenOptions,
    listener: AudioListener,
    signal: AbortSignal,
  ): Promise<OpenSource> {
    await this.gate;
    signal.throwIfAborted();
    if (this.fault) throw new SourceError(this.fault);
    this.opened += 1;
    this.deviceIds.push(options.deviceId);
    const keptRate = options.keptRate ?? this.rate;
    const capture = new Capture({ inputRate: this.rate, keptRate }, (message) => {
      if (message.type === "block") listener.block(message.pcm, message.peak, message.rms);
      if (message.type === "frame") listener.frame(message.pcm);
    });
    this.#capture = capture;
    this.#listener = listener;
    const pause = async () => capture.command("flush");
    return {
      keptRate,
      label: "Scripted",
      run: () => capture.command("run"),
      pause,
      close: async () => {
        await pause();
        this.closed += 1;
        this.#capture = undefined;
      },
    };
  }

  /** Speech as the gate hears it: sound with short pauses, over a quiet floor. */
  speak(seconds: number, level = 0.1): void {
    const samples = Float32Array.from({ length: Math.round(seconds * this.rate) }, (_, n) => {
      const voiced = n % this.rate < 0.8 * this.rate;
      const floor = ((n * 7919) % 101) / 101 - 0.5;
      return floor * 0.001 + (voiced ? Math.sin(n / 20) * level : 0);
    });
    this.#capture?.push(samples);
  }

  silence(seconds: number): void {
    this.#capture?.push(new Float32Array(Math.round(seconds * this.rate)));
  }

  lose(): void {
    this.#capture = undefined;
    this.#listener?.lost();
  }

  mute(muted: boolean): void {
    this.#listener?.muted(muted);
  }
}
