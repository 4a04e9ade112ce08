/** A look at microphone and room before a take: nothing of it is kept. */
import { type Measurement, measure } from "../audio/measure";
import { dbfs } from "../audio/pcm";
import type {
  AudioListener,
  AudioSource,
  OpenOptions,
  OpenSource,
  SourceFault,
} from "../audio/source";
import { SourceError } from "../audio/source";
import { METER_MARGIN_DB, NOISY_DBFS, QUIET_DBFS } from "../audio/thresholds";
import { Scope } from "../lib/scope";
import { Meter } from "./meter";

export type CheckVerdict = "great" | "quiet" | "loud" | "noisy" | "dead";

export interface CheckState {
  /** Undefined until enough was heard. */
  readonly verdict: CheckVerdict | undefined;
  readonly fault: SourceFault | "lost" | undefined;
  /** The microphone is open. */
  readonly open: boolean;
}

/** Seconds that are looked at, the newest: a verdict may change as the voice does. */
const WINDOW_SECONDS = 6;
/** Seconds of speech, and of room without any, after which there is a verdict. */
const SPOKEN_SECONDS = 1;
const ROOM_SECONDS = 2;
/** Seconds between two looks. */
const LOOK_SECONDS = 0.5;
/** Speech stands at least this far above its room, decibels. */
const OVER_ROOM_DB = 10;
/** After this long a check ends by itself and gives the microphone back, milliseconds. */
const MOST_MS = 60_000;

/** What the seconds so far mean for a take. */
export function checkVerdict(m: Measurement, spokenSeconds: number): CheckVerdict | undefined {
  if (m.seconds < ROOM_SECONDS) return undefined;
  if (m.deadSeconds >= m.seconds * 0.9) return "dead";
  if (m.noiseDbfs > NOISY_DBFS) return "noisy";
  if (!m.hasSpeech || spokenSeconds < SPOKEN_SECONDS) return undefined;
  if (m.clippedRuns > 0) return "loud";
  return m.speechDbfs < QUIET_DBFS + METER_MARGIN_DB ? "quiet" : "great";
}

export class SoundCheck {
  readonly meter = new Meter();
  readonly #source: AudioSource;
  readonly #deviceId: string | undefined;
  readonly #tell: (state: CheckState | undefined) => void;
  readonly #scope: Scope;
  /** Where the samples go: here, until a take takes over. */
  #target: AudioListener;
  #open: OpenSource | undefined;
  #blocks: { pcm: Int16Array<ArrayBuffer>; rms: number }[] = [];
  #samples = 0;
  #sinceLook = 0;
  #state: CheckState = { verdict: undefined, fault: undefined, open: false };

  /** @param tell Gets each state, and undefined when the check is over. */
  constructor(
    source: AudioSource,
    deviceId: string | undefined,
    tell: (state: CheckState | undefined) => void,
    parent: Scope,
  ) {
    this.#source = source;
    this.#deviceId = deviceId;
    this.#tell = tell;
    this.#scope = new Scope(parent);
    this.#scope.add(() => void this.#open?.close());
    this.#target = {
      block: (pcm, peak, rms) => this.#onBlock(pcm, peak, rms),
      frame: () => {},
      lost: () => this.#fail("lost"),
      muted: () => {},
    };
  }

  #set(change: Partial<CheckState>): void {
    if (this.#scope.disposed) return;
    this.#state = { ...this.#state, ...change };
    this.#tell(this.#state);
  }

  async start(): Promise<void> {
    this.#set({});
    const { signal } = this.#scope;
    const listener: AudioListener = {
      block: (...block) => this.#target.block(...block),
      frame: (pcm) => this.#target.frame(pcm),
      lost: () => this.#target.lost(),
      muted: (muted) => this.#target.muted(muted),
    };
    try {
      const open = await this.#source.open({ deviceId: this.#deviceId }, listener, signal);
      if (signal.aborted) return void open.close();
      this.#open = open;
      open.run();
      this.#scope.after(MOST_MS, () => this.stop());
      this.#set({ open: true });
    } catch (error) {
      this.#fail(error instanceof SourceError ? error.fault : "failed");
    }
  }

  #fail(fault: SourceFault | "lost"): void {
    this.#set({ fault, open: false });
    this.#scope.dispose();
  }

  #onBlock(pcm: Int16Array<ArrayBuffer>, peak: number, rms: number): void {
    const rate = this.#open?.keptRate;
    if (rate === undefined) return;
    this.meter.push(peak, rms, pcm.length / rate);
    this.#blocks.push({ pcm, rms });
    this.#samples += pcm.length;
    while (this.#samples > WINDOW_SECONDS * rate) {
      this.#samples -= this.#blocks.shift()?.pcm.length ?? this.#samples;
    }
    this.#sinceLook += pcm.length / rate;
    if (this.#sinceLook < LOOK_SECONDS) return;
    this.#sinceLook = 0;
    const found = measure(
      this.#blocks.map((block) => block.pcm),
      rate,
    );
    const voiced = this.#blocks.filter(
      (block) => dbfs(block.rms) >= found.noiseDbfs + OVER_ROOM_DB,
    );
    const spoken = voiced.reduce((sum, block) => sum + block.pcm.length, 0) / rate;
    this.#set({ verdict: checkVerdict(found, spoken) });
  }

  /**
   * Gives the microphone, open as it is, to a take: no word is lost to a second opening, and none
   * from before the take is in it. Undefined where it is another one, or none.
   */
  async handOver(options: OpenOptions, listener: AudioListener): Promise<OpenSource | undefined> {
    const open = this.#open;
    if (!open || options.deviceId !== this.#deviceId || options.keptRate !== undefined) {
      this.stop();
      return undefined;
    }
    await open.pause();
    if (this.#scope.disposed) return undefined;
    this.#open = undefined;
    this.#target = listener;
    this.stop();
    return open;
  }

  stop(): void {
    if (this.#scope.disposed) return;
    this.#tell(undefined);
    this.#scope.dispose();
  }
}
