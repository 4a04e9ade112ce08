/** Records one take after the other from an audio source. Time is the count of samples. */
import { judgeRoom, type RoomVerdict } from "../audio/gate";
import { Measure } from "../audio/measure";
import {
  type AudioListener,
  type AudioSource,
  type OpenSource,
  SourceError,
  type SourceFault,
} from "../audio/source";
import { keepAwake } from "../audio/wake-lock";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { type LevelWord, Meter } from "./meter";
import type { Recorded } from "./take";

export interface RecorderState {
  readonly stage: "idle" | "opening" | "recording" | "paused" | "stopping";
  /** Whole seconds recorded. */
  readonly seconds: number;
  /** The first second of the first take tells what the room is like. */
  readonly room: "checking" | RoomVerdict | undefined;
  readonly fault: SourceFault | "lost" | "stuck" | undefined;
  /** Nothing has been heard for a while, or the system says that the microphone is muted. */
  readonly silent: boolean;
  /** The voice is too loud, or has been too quiet for a while: what the meter says, to be acted on. */
  readonly level: Exclude<LevelWord, "good"> | undefined;
}

export interface RecorderListener {
  /** PCM to keep, as it comes. */
  block(pcm: Int16Array<ArrayBuffer>): void;
  /** 16 kHz s16le for the live words. */
  frame(pcm: Int16Array<ArrayBuffer>): void;
  /** The source is open: from here on samples count. */
  opened(rate: number): void;
  /** The source was lost; the recorder has paused by itself. */
  lost(): void;
  /** The take is as long as it may be. */
  full(): void;
}

const ROOM_SECONDS = 1;
/** A device that works has delivered a block by then, milliseconds. */
const FIRST_BLOCK_MS = 3000;
const QUEUE_MS = 200;
/** Silence for this long is reported, in seconds. */
const SILENT_SECONDS = 3;
/** So is a quiet voice; a pause between sentences is shorter. */
const QUIET_SECONDS = 3;
const IDLE: RecorderState = {
  stage: "idle",
  seconds: 0,
  room: undefined,
  fault: undefined,
  silent: false,
  level: undefined,
};

/** An opening of the source: replaced by the next one, so that what comes late has no effect. */
interface Device {
  readonly scope: Scope;
  open: OpenSource | undefined;
}

/** The take that is being recorded. */
interface Recording {
  readonly rate: number;
  readonly blocks: Int16Array<ArrayBuffer>[];
  readonly measure: Measure;
  samples: number;
}

export class Recorder implements Readable<RecorderState> {
  readonly meter = new Meter();
  readonly #source: AudioSource;
  readonly #listener: RecorderListener;
  readonly #maxSeconds: number;
  readonly #scope: Scope;
  readonly #store = new Store<RecorderState>(IDLE);
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;
  #device: Device | undefined;
  #recording: Recording | undefined;
  #room: Measure | undefined;
  #roomKnown = false;
  #muted = false;
  #quietSeconds = 0;
  #cancelWatch = () => {};

  constructor(source: AudioSource, listener: RecorderListener, maxSeconds: number, parent: Scope) {
    this.#source = source;
    this.#listener = listener;
    this.#maxSeconds = maxSeconds;
    this.#scope = new Scope(parent);
    this.#scope.add(() => void this.cancel());
  }

  /** Opens the source and records. A stop or cancel in the meantime drops what comes late. */
  async start(deviceId: string | undefined): Promise<void> {
    if (this.getSnapshot().stage !== "idle") return;
    this.#recording = undefined;
    this.meter.reset();
    this.#quietSeconds = 0;
    this.#store.set({ ...IDLE, stage: "opening" });
    await this.#open(deviceId);
  }

  /** Stops the flow but keeps the device, so that going on is quick. */
  async pause(): Promise<void> {
    if (this.getSnapshot().stage !== "recording") return;
    this.#store.patch({ stage: "paused", silent: false });
    await this.#device?.open?.pause();
  }

  async resume(deviceId: string | undefined): Promise<void> {
    if (this.getSnapshot().stage !== "paused") return;
    if (this.#device?.open) {
      this.#store.patch({ stage: "recording", fault: undefined });
      this.#run(this.#device);
    } else if (!this.#device) {
      this.#store.patch({ fault: undefined });
      await this.#open(deviceId);
    }
  }

  /** Goes on with another device, in the same take. */
  async changeDevice(deviceId: string | undefined): Promise<void> {
    const { stage } = this.getSnapshot();
    const recording = this.#recording;
    if (!recording || (stage !== "recording" && stage !== "paused")) return;
    this.#store.patch({ stage: "paused", silent: false });
    await this.#close();
    const current = this.#recording === recording && this.getSnapshot().stage === "paused";
    if (stage === "recording" && current) await this.resume(deviceId);
  }

  /** The room was judged before the take. */
  knowRoom(): void {
    this.#roomKnown = true;
  }

  /** A fault that has passed by itself. */
  forgive(): void {
    this.#store.patch({ fault: undefined });
  }

  /** Ends the take with its last sample; undefined when there was none. */
  async stop(): Promise<Recorded | undefined> {
    const { stage } = this.getSnapshot();
    if (stage === "idle" || stage === "stopping") return undefined;
    this.#store.patch({ stage: "stopping" });
    const recording = this.#recording;
    await this.#close();
    if (this.#recording !== recording) return undefined; // cancelled meanwhile, or begun anew
    this.#recording = undefined;
    this.#store.patch({ stage: "idle", silent: false });
    if (!recording || recording.samples === 0) return undefined;
    return {
      pcm: { blocks: recording.blocks, rate: recording.rate },
      measurement: recording.measure.result(),
    };
  }

  /** Gives everything back and keeps nothing. */
  async cancel(): Promise<void> {
    this.#recording = undefined;
    this.#store.set(IDLE);
    await this.#close();
  }

  async #open(deviceId: string | undefined): Promise<void> {
    const device: Device = { scope: new Scope(this.#scope), open: undefined };
    this.#device = device;
    const { signal } = device.scope;
    try {
      const open = await this.#source.open(
        { deviceId, keptRate: this.#recording?.rate },
        this.#listenerOf(device),
        signal,
      );
      if (signal.aborted) {
        await open.close();
        return;
      }
      device.open = open;
      keepAwake(device.scope);
      if (!this.#recording) this.#begin(open.keptRate);
      this.#store.patch({ stage: "recording" });
      this.#run(device);
    } catch (error) {
      if (signal.aborted) return;
      device.scope.dispose();
      this.#device = undefined;
      const fault = error instanceof SourceError ? error.fault : "failed";
      this.#store.patch({ stage: this.#recording ? "paused" : "idle", fault });
    }
  }

  /** Lets sound through; a device that gives none, not even silence, is a fault. */
  #run(device: Device): void {
    this.#cancelWatch();
    this.#cancelWatch = device.scope.after(FIRST_BLOCK_MS, () => {
      // On a page that hung, blocks may be waiting to be taken: they come first.
      this.#cancelWatch = device.scope.after(QUEUE_MS, () => this.#lose(device, "stuck"));
    });
    device.open?.run();
  }

  #begin(rate: number): void {
    this.#recording = { rate, blocks: [], measure: new Measure(rate), samples: 0 };
    if (!this.#roomKnown) {
      this.#room = new Measure(rate);
      this.#store.patch({ room: "checking" });
    }
    this.#listener.opened(rate);
  }

  #listenerOf(device: Device): AudioListener {
    return {
      block: (pcm, peak, rms) => this.#onBlock(pcm, peak, rms),
      frame: (pcm) => {
        if (this.#recording) this.#listener.frame(pcm);
      },
      lost: () => this.#lose(device, "lost"),
      muted: (muted) => {
        this.#muted = muted;
      },
    };
  }

  /** The recorder pauses; another device, or the same one anew, may go on. */
  #lose(device: Device, fault: "lost" | "stuck"): void {
    if (this.#device !== device) return;
    void device.open?.close();
    device.scope.dispose();
    this.#device = undefined;
    this.#store.patch({ stage: "paused", fault, silent: false });
    this.#listener.lost();
  }

  #onBlock(pcm: Int16Array<ArrayBuffer>, peak: number, rms: number): void {
    const recording = this.#recording;
    if (!recording) return;
    this.#cancelWatch();
    // The last block is cut at the sample, so that the longest take is not a little too long.
    const room = this.#maxSeconds * recording.rate - recording.samples;
    const kept = pcm.length > room ? pcm.slice(0, room) : pcm;
    if (kept.length === 0) return;
    recording.blocks.push(kept);
    recording.measure.push(kept);
    recording.samples += kept.length;
    this.#listener.block(kept);
    this.#watchRoom(kept, recording.samples / recording.rate);
    this.meter.push(peak, rms, pcm.length / recording.rate);
    this.#store.patch({
      seconds: Math.floor(recording.samples / recording.rate),
      silent: this.#muted || this.meter.silentSeconds >= SILENT_SECONDS,
      level: this.#levelAfter(pcm.length / recording.rate),
    });
    if (kept.length === room) this.#listener.full();
  }

  #levelAfter(seconds: number): RecorderState["level"] {
    const { word } = this.meter;
    this.#quietSeconds = word === "quiet" ? this.#quietSeconds + seconds : 0;
    if (word === "loud") return "loud";
    return this.#quietSeconds >= QUIET_SECONDS ? "quiet" : undefined;
  }

  #watchRoom(pcm: Int16Array<ArrayBuffer>, seconds: number): void {
    if (!this.#room) return;
    this.#room.push(pcm);
    if (seconds < ROOM_SECONDS) return;
    this.#store.patch({ room: judgeRoom(this.#room.result()) });
    this.#room = undefined;
    this.#roomKnown = true;
  }

  async #close(): Promise<void> {
    const device = this.#device;
    this.#device = undefined;
    this.#room = undefined;
    await device?.open?.close();
    device?.scope.dispose();
  }
}
