/** Plays a take from anywhere to anywhere, and tells where it is: one for all that shows the take. */
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { type Stretch, type Take, wavFile } from "./take";

export interface PlaybackState {
  readonly playing: boolean;
  /** Seconds from the beginning of the file. */
  readonly at: number;
  /** 1 is as it was said. */
  readonly rate: number;
}

/** Seconds of a jump. */
export const JUMP_SECONDS = 5;
export const SPEEDS = [0.75, 1, 1.25, 1.5] as const;

export class TakePlayback implements Readable<PlaybackState> {
  readonly #store = new Store<PlaybackState>({ playing: false, at: 0, rate: 1 });
  readonly getSnapshot = this.#store.getSnapshot;
  readonly #take: Take;
  /** Holds the sound while anything shows it. */
  #scope: Scope | undefined;
  #audio: HTMLAudioElement | undefined;
  #listeners = 0;
  /** Where it stops by itself, and where it stands then. */
  #until: { readonly to: number; readonly back: number } | undefined;
  #stopFrames = () => {};

  constructor(take: Take) {
    this.#take = take;
  }

  /** Samples, where they are known: in a compressed file a browser only guesses where a second is. */
  get #file(): File {
    const { kind, pcm, file } = this.#take;
    return kind === "file" && pcm ? wavFile(pcm, file.name) : file;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const leave = this.#store.subscribe(listener);
    this.#listeners += 1;
    return () => {
      leave();
      this.#listeners -= 1;
      if (this.#listeners === 0) this.#close();
    };
  };

  #open(): HTMLAudioElement {
    if (this.#audio) return this.#audio;
    const scope = new Scope();
    const audio = new Audio();
    const url = URL.createObjectURL(this.#file);
    audio.preload = "auto";
    audio.src = url;
    audio.currentTime = this.getSnapshot().at;
    scope.listen(audio, "play", () => {
      this.#store.patch({ playing: true });
      this.#stopFrames = scope.frames(() => this.#tick(audio));
    });
    scope.listen(audio, "pause", () => {
      this.#stopFrames();
      this.#store.patch({ playing: false });
    });
    scope.listen(audio, "ended", () => this.seek(0));
    scope.add(() => {
      audio.pause();
      audio.removeAttribute("src");
      URL.revokeObjectURL(url);
      this.#store.patch({ playing: false });
    });
    this.#scope = scope;
    this.#audio = audio;
    return audio;
  }

  #close(): void {
    this.#scope?.dispose();
    this.#audio = undefined;
  }

  #tick(audio: HTMLAudioElement): void {
    const until = this.#until;
    if (until && audio.currentTime >= until.to) {
      audio.pause();
      this.seek(until.back);
    } else {
      this.#store.patch({ at: audio.currentTime });
    }
  }

  /** Plays from `from`, or from where it stands; to the end of `part`, and back to its beginning. */
  play(from: number = this.getSnapshot().at, part?: Stretch): void {
    const audio = this.#open();
    this.seek(from);
    this.#until = part && { to: part.to, back: part.from };
    audio.playbackRate = this.getSnapshot().rate;
    // From now on, and not when the browser says so: what is shown must not flicker.
    this.#store.patch({ playing: true });
    audio.play().catch(() => this.#store.patch({ playing: false }));
  }

  pause(): void {
    this.#audio?.pause();
  }

  /** Goes to a time, playing on if it plays. */
  seek(at: number): void {
    this.#until = undefined;
    const to = Math.max(0, at);
    if (this.#audio) this.#audio.currentTime = to;
    this.#store.patch({ at: to });
  }

  setRate(rate: number): void {
    if (this.#audio) this.#audio.playbackRate = rate;
    this.#store.patch({ rate });
  }
}

/** By what stays with a take that is judged anew. */
const all = new WeakMap<File, TakePlayback>();

export function playbackOf(take: Take): TakePlayback {
  const known = all.get(take.file) ?? new TakePlayback(take);
  all.set(take.file, known);
  return known;
}
