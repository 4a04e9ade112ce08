/**
 * Live words from a microphone, and nothing else: no recording is kept, no file is made. The
 * microphone is heard from the click on; what was said before the service answered is sent later.
 */
import { MicrophoneSource } from "../audio/microphone";
import {
  type AudioListener,
  type AudioSource,
  FAULT_WORDS,
  type OpenSource,
  SourceError,
  type SourceFault,
} from "../audio/source";
import { keepAwake } from "../audio/wake-lock";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { ApiError } from "../services/http";
import { connectLive, type LiveOptions, type LiveServices } from "../services/live";
import type { SessionFailure } from "../session/effects";
import { PATIENCE } from "../session/link";
import { isOver, Live, type LiveView } from "../session/live";
import { SignedOutError, SignInError } from "../session/token";
import { LIMIT_WORDS } from "./limits";

/** Frames of 100 ms that wait for the configuration, at most: a minute. */
const WAITING_FRAMES = 600;
/** No recording is kept to fall back on: the text's end is awaited as long as the Python client does. */
const PATIENT = { ...PATIENCE, finish: 120 };

export type LiveTranscriptStage = "idle" | "opening" | "listening" | "paused" | "finishing";
/** How the line to the service is; the microphone is heard in any case. */
export type Line = "ready" | "connecting" | "slow" | "reconnecting" | "offline";

export interface LiveTranscriptError {
  readonly code: SessionFailure["code"] | "max_duration" | `microphone_${SourceFault | "lost"}`;
  /** For a person, in English. */
  readonly message: string;
  /** Of a sign-in that failed. */
  readonly reason?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
}

export interface LiveTranscriptState {
  readonly stage: LiveTranscriptStage;
  readonly line: Line;
  /** All words so far: `settled` and `provisional`. */
  readonly text: string;
  readonly settled: string;
  /** What has just come, and may change. */
  readonly provisional: string;
  /** As detected, ISO 639-1. */
  readonly language: string | undefined;
  /** The text is whole: nothing more comes. */
  readonly isFinal: boolean;
  readonly error: LiveTranscriptError | undefined;
}

export interface LiveTranscriptOptions extends LiveOptions {
  /** An English name, an ISO 639-1 code or a locale. */
  readonly language?: string | undefined;
  /** Words to expect. */
  readonly contextBias?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly source?: AudioSource | undefined;
  /** Called with the words that have just come, and with all words. */
  readonly onDelta?: ((delta: string, text: string) => void) | undefined;
  readonly onFinal?: ((text: string) => void) | undefined;
  readonly onError?: ((error: LiveTranscriptError) => void) | undefined;
}

export const IDLE_TRANSCRIPT: LiveTranscriptState = {
  stage: "idle",
  line: "ready",
  text: "",
  settled: "",
  provisional: "",
  language: undefined,
  isFinal: false,
  error: undefined,
};

function toError(error: unknown): LiveTranscriptError {
  if (error instanceof SourceError) {
    return { code: `microphone_${error.fault}`, message: FAULT_WORDS[error.fault] };
  }
  if (error instanceof SignInError) {
    return { code: "sign_in_failed", message: error.message, reason: error.reason };
  }
  if (error instanceof SignedOutError) {
    return { code: "unauthenticated", message: "Sign in to dictate." };
  }
  if (error instanceof ApiError) {
    return { code: error.code, message: error.message, retryAfter: error.retryAfter };
  }
  return { code: "internal", message: "Dictation cannot start." };
}

function lineOf(view: LiveView): Line {
  if (view.offline) return "offline";
  if (view.phase === "reconnecting") return "reconnecting";
  if (view.phase === "idle" || view.phase === "connecting") return "connecting";
  return view.behindSeconds > 0 ? "slow" : "ready";
}

/** One dictation after the other; each begins with `start`. */
export class LiveTranscript implements Readable<LiveTranscriptState> {
  readonly #store = new Store<LiveTranscriptState>(IDLE_TRANSCRIPT);
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;
  /** Ends with what this holds: an account, sockets, a microphone. */
  #scope = new Scope();
  #options: LiveTranscriptOptions;
  #services: Promise<LiveServices> | undefined;
  /** Ends with the dictation at hand: what comes late for an earlier one has no effect. */
  #talk: Scope | undefined;
  #source: OpenSource | undefined;
  #live: Live | undefined;
  #waiting: Int16Array<ArrayBuffer>[] = [];
  /** Resolves when the last frame before a pause or a stop has come. */
  #quiet: Promise<void> = Promise.resolve();
  /** The loss that was reported last. */
  #lost: SessionFailure | undefined;
  /** Peak of the newest block, 0 to 1; read it each frame. */
  level = 0;

  /** Touches nothing yet: neither network nor microphone. */
  constructor(options: LiveTranscriptOptions = {}) {
    this.#options = options;
  }

  /** Takes options that count from the next `start` on; callbacks count at once. */
  update(options: LiveTranscriptOptions): void {
    const { apiUrl, token } = this.#options;
    // Another function of the same page gives the same person's token.
    if (options.apiUrl !== apiUrl || !options.token !== !token) this.release();
    this.#options = options;
  }

  /** Listens. Call it from a click: browsers ask for the microphone only then. */
  async start(): Promise<void> {
    if (this.getSnapshot().stage !== "idle") return;
    const talk = new Scope(this.#scope);
    this.#talk = talk;
    this.#waiting = [];
    this.#store.set({ ...IDLE_TRANSCRIPT, stage: "opening", line: "connecting" });
    const source = this.#options.source ?? new MicrophoneSource();
    const { deviceId } = this.#options;
    try {
      // Before the first await: Safari opens a microphone only within the click.
      const opening = source.open({ deviceId }, this.#listener(talk), talk.signal);
      const services = this.#connect();
      services.catch(() => {}); // awaited below, once the microphone is there
      const open = await opening;
      if (talk.disposed) {
        await open.close();
        return;
      }
      this.#source = open;
      keepAwake(talk);
      open.run();
      this.#store.patch({ stage: "listening" });
      const found = await services;
      if (!talk.disposed) this.#run(found, talk);
    } catch (error) {
      if (!talk.disposed) this.#fail(toError(error));
    }
  }

  /** Lets the microphone go silent; the words so far are finished meanwhile. */
  async pause(): Promise<void> {
    if (this.getSnapshot().stage !== "listening") return;
    this.#store.patch({ stage: "paused" });
    const [live, part] = [this.#live, this.#live?.part];
    this.#quiet = this.#source?.pause() ?? Promise.resolve();
    await this.#quiet;
    live?.stop(part);
  }

  resume(): void {
    if (this.getSnapshot().stage !== "paused") return;
    this.#live?.run();
    this.#source?.run();
    this.#store.patch({ stage: "listening" });
  }

  /** Ends the dictation; the last words still come, then `isFinal`. */
  async stop(): Promise<void> {
    const { stage } = this.getSnapshot();
    if (stage === "opening") this.cancel();
    if (stage !== "listening" && stage !== "paused") return;
    this.#store.patch({ stage: "finishing" });
    const live = this.#live;
    this.#quiet = this.#close();
    await this.#quiet;
    live?.stop(); // one that comes later is stopped as it begins
  }

  /** Ends the dictation at once and forgets its words. */
  cancel(): void {
    this.#end();
    this.#store.set(IDLE_TRANSCRIPT);
  }

  /** Gives everything back. A later `start` begins anew. */
  release(): void {
    this.cancel();
    this.#scope.dispose();
    this.#scope = new Scope();
    this.#services = undefined;
  }

  #connect(): Promise<LiveServices> {
    const { apiUrl, token } = this.#options;
    const latest = token && ((refresh?: boolean) => (this.#options.token ?? token)(refresh));
    const asked = this.#services ?? connectLive(this.#scope, { apiUrl, token: latest });
    this.#services = asked;
    asked.catch(() => {
      if (this.#services === asked) this.#services = undefined; // the next start asks again
    });
    return asked;
  }

  #run(services: LiveServices, talk: Scope): void {
    const { config, realtimeUrl, token, openSocket } = services;
    if (!config.enabled || !config.realtime_enabled) {
      this.release(); // the next start asks again
      this.#tell({ code: "transcription_disabled", message: "Live words are switched off." });
      return;
    }
    const { language, contextBias, model } = this.#options;
    const live = new Live(
      { language, contextBias, model },
      { url: realtimeUrl, token, patience: PATIENT, connect: openSocket },
      talk,
    );
    this.#live = live;
    talk.add(live.subscribe(() => this.#onLive(live)));
    live.run();
    for (const frame of this.#waiting) live.push(frame);
    this.#waiting = [];
    const { stage } = this.getSnapshot();
    const part = live.part;
    if (stage === "paused" || stage === "finishing") void this.#quiet.then(() => live.stop(part));
  }

  #listener(talk: Scope): AudioListener {
    return {
      block: (_, peak) => {
        this.level = peak;
      },
      frame: (pcm) => this.#onFrame(pcm),
      lost: () => {
        if (talk.disposed) return;
        this.#tell({ code: "microphone_lost", message: FAULT_WORDS.lost });
        void this.stop();
      },
      muted: () => {},
    };
  }

  #onFrame(pcm: Int16Array<ArrayBuffer>): void {
    if (this.#live) {
      this.#live.push(pcm);
      return;
    }
    this.#waiting.push(pcm);
    if (this.#waiting.length > WAITING_FRAMES) {
      this.#fail({ code: "unreachable", message: "The server cannot be reached." });
    }
  }

  #onLive(live: Live): void {
    if (live !== this.#live) return;
    const view = live.getSnapshot();
    const before = this.getSnapshot();
    const over = isOver(view.phase) && before.stage !== "paused";
    if (view.text !== before.text) {
      const goesOn = view.text.startsWith(before.text);
      // What was there stands, once more follows it.
      const settled = goesOn ? before.text : view.text;
      this.#store.patch({
        text: view.text,
        settled,
        provisional: view.text.slice(settled.length),
      });
      const delta = goesOn ? view.text.slice(before.text.length) : view.text;
      this.#options.onDelta?.(delta, view.text);
    }
    this.#store.patch({ line: lineOf(view), language: view.language });
    // Its words are missing, also where another part goes on.
    if (view.lost && view.lost !== this.#lost) this.#tell(view.lost);
    this.#lost = view.lost;
    if (!over) return;
    // The person still speaks, and is not heard any more.
    const { reason } = view;
    if (reason && before.stage === "listening") {
      this.#tell({ code: reason, message: LIMIT_WORDS[reason] ?? reason });
    }
    this.#end();
    this.#store.patch({
      stage: "idle",
      line: "ready",
      settled: view.text,
      provisional: "",
      isFinal: true,
    });
    this.#options.onFinal?.(view.text);
  }

  #tell(error: LiveTranscriptError): void {
    this.#store.patch({ error });
    this.#options.onError?.(error);
  }

  /** Keeps the words that there are. */
  #fail(error: LiveTranscriptError): void {
    const { text } = this.getSnapshot();
    this.#end();
    this.#store.patch({ stage: "idle", line: "ready", settled: text, provisional: "" });
    this.#tell(error);
  }

  async #close(): Promise<void> {
    const open = this.#source;
    this.#source = undefined;
    this.level = 0;
    await open?.close();
  }

  #end(): void {
    this.#live = undefined;
    void this.#close();
    this.#waiting = [];
    this.#talk?.dispose();
    this.#talk = undefined;
  }
}
