/**
 * `@utter/transcribe/assistant-ui`: dictation for assistant-ui's composer.
 *
 * ```ts
 * useLocalRuntime(model, { adapters: { dictation: utterDictation({ apiUrl: "https://voices.example" }) } });
 * ```
 */
import { LiveTranscript, type LiveTranscriptOptions } from "../dictation/live-transcript";

/** The shapes of `DictationAdapter` in `@assistant-ui/core` 0.3, so that this needs no package. */
export interface DictationResult {
  readonly transcript: string;
  readonly isFinal?: boolean;
}
type Status =
  | { type: "starting" | "running" }
  | { type: "ended"; reason: "stopped" | "cancelled" | "error" };
type Unsubscribe = () => void;
export interface DictationSession {
  status: Status;
  stop: () => Promise<void>;
  cancel: () => void;
  onSpeechStart: (callback: () => void) => Unsubscribe;
  onSpeechEnd: (callback: (result: DictationResult) => void) => Unsubscribe;
  onSpeech: (callback: (result: DictationResult) => void) => Unsubscribe;
}
export interface DictationAdapter {
  listen: () => DictationSession;
  disableInputDuringDictation?: boolean;
}

export interface UtterDictationOptions extends LiveTranscriptOptions {
  /** Lets no one type while dictation runs. Words go behind what is typed without it. */
  readonly disableInputDuringDictation?: boolean | undefined;
}

/** Returns an adapter: each `listen` is a dictation with a microphone and a session of its own. */
export function utterDictation({
  disableInputDuringDictation = false,
  ...options
}: UtterDictationOptions = {}): DictationAdapter {
  return { disableInputDuringDictation, listen: () => new Session(options) };
}

class Session implements DictationSession {
  status: Status = { type: "starting" };
  readonly onSpeechStart = listeners<void>();
  readonly onSpeech = listeners<DictationResult>();
  readonly onSpeechEnd = listeners<DictationResult>();
  readonly #transcript: LiveTranscript;
  readonly #stopped: Promise<void>;
  #resolve = () => {};
  /** Characters of the text that were told as final: nothing takes them back. */
  #told = 0;

  constructor(options: LiveTranscriptOptions) {
    this.#transcript = new LiveTranscript(options);
    this.#stopped = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#transcript.subscribe(() => this.#onChange());
    void this.#transcript.start();
  }

  /** Ends it; resolves when the last words are there. */
  stop(): Promise<void> {
    void this.#transcript.stop();
    // Nothing was heard yet: it is over already.
    if (this.#transcript.getSnapshot().stage === "idle") this.#end("stopped");
    return this.#stopped;
  }

  cancel(): void {
    this.#end("cancelled");
  }

  #onChange(): void {
    const { stage, text, error } = this.#transcript.getSnapshot();
    if (this.status.type === "ended") return;
    if (this.status.type === "starting" && stage === "listening") {
      this.status = { type: "running" };
      this.onSpeechStart.tell();
    }
    // A word is whole once a space follows it.
    const whole = stage === "idle" ? text.length : text.search(/\S*$/);
    if (whole > this.#told) {
      const transcript = text.slice(this.#told, whole).trim();
      this.#told = whole;
      if (transcript) this.onSpeech.tell({ transcript, isFinal: true });
    }
    const rest = text.slice(this.#told).trim();
    if (rest) this.onSpeech.tell({ transcript: rest, isFinal: false });
    if (stage === "idle") this.#end(error ? "error" : "stopped");
  }

  #end(reason: "stopped" | "cancelled" | "error"): void {
    if (this.status.type === "ended") return;
    this.status = { type: "ended", reason };
    const { text } = this.#transcript.getSnapshot();
    this.#transcript.release();
    this.onSpeechEnd.tell({ transcript: reason === "cancelled" ? "" : text, isFinal: true });
    this.#resolve();
  }
}

function listeners<T>() {
  const all = new Set<(value: T) => void>();
  const add = (callback: (value: T) => void): Unsubscribe => {
    all.add(callback);
    return () => void all.delete(callback);
  };
  return Object.assign(add, {
    tell: (value: T) => {
      for (const callback of [...all]) callback(value);
    },
  });
}
