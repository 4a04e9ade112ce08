/** Where samples come from: a microphone, or a recording in its place. */

export interface AudioListener {
  /** PCM to keep, at the rate given on opening; levels from 0 to 1. */
  block(pcm: Int16Array<ArrayBuffer>, peak: number, rms: number): void;
  /** 16 kHz s16le for the live stream, 100 ms each but for the last before a pause or close. */
  frame(pcm: Int16Array<ArrayBuffer>): void;
  /** The source has stopped by itself; nothing more comes from it. */
  lost(): void;
  /** The system mutes or unmutes the source; it goes on delivering zeros. */
  muted(muted: boolean): void;
}

export interface OpenSource {
  /** Hertz of the kept PCM. */
  readonly keptRate: number;
  readonly label: string;
  /** Lets samples through, from the next one on. */
  run(): void;
  /** Stops the flow; resolves when the last partial block and frame have been delivered. */
  pause(): Promise<void>;
  /** Pauses, then gives the device back. Safe to call twice. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** A device's id; the system's default without it. */
  readonly deviceId?: string | undefined;
  /** Keeps an earlier part's rate, where a recording goes on with another device. */
  readonly keptRate?: number | undefined;
}

export interface AudioSource {
  /** Why it can never be opened on this page, where that is so. */
  readonly unavailable?: SourceFault | undefined;
  /**
   * Opens the source. An abort before it is open gives back whatever comes late.
   *
   * @throws SourceError when it cannot be opened.
   */
  open(options: OpenOptions, listener: AudioListener, signal: AbortSignal): Promise<OpenSource>;
}

export type SourceFault = "denied" | "missing" | "busy" | "insecure" | "failed";

/** What is wrong, in words for a person. */
export const FAULT_WORDS: Readonly<Record<SourceFault | "lost", string>> = {
  denied: "The browser blocked the microphone.",
  missing: "No microphone found.",
  busy: "The microphone cannot be opened. Another program may be using it.",
  insecure: "Recording needs https.",
  failed: "The microphone cannot be opened.",
  lost: "The microphone was disconnected.",
};

export class SourceError extends Error {
  readonly fault: SourceFault;

  constructor(fault: SourceFault, options?: ErrorOptions) {
    super(`The audio source cannot be opened: ${fault}.`, options);
    this.name = "SourceError";
    this.fault = fault;
  }
}
