/**
 * The component's conductor: recorder, live words, take, final pass and transcript, as one store.
 * It knows the rules (what follows what, what is kept, what is offered) and no markup.
 */
import { isUsable, type LengthLimits, lengthLimits } from "../audio/gate";
import { type Preset, type PresetId, presetOf } from "../audio/presets";
import type { AudioListener, OpenOptions, OpenSource } from "../audio/source";

import type { VoiceDetail } from "../generated/protocol";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { cleanText } from "../lib/text";
import type { TranscriptionOptions } from "../services/api";
import { Person } from "../services/person";
import { Backoff, type Spacing } from "../session/backoff";
import { UNREACHABLE } from "../session/effects";
import { Live } from "../session/live";
import type { SessionOptions } from "../session/messages";
import type { FileRefused } from "../take/file-refused";
import { TakeKeeper } from "../take/keeper";
import type { Meter } from "../take/meter";
import { inspection, rebuildTake } from "../take/rebuild";
import { Recorder } from "../take/recorder";
import type { SoundCheck } from "../take/sound-check";
import {
  cutTake,
  isTooLong,
  judgedAnew,
  newTakeId,
  recordedTake,
  recordingName,
  type Stretch,
  type Take,
} from "../take/take";
import type { StoredTake, TakeRecord, Words } from "../take/take-store";
import { isFull, MOST_TAKES, type TrayTake } from "../take/tray";
import type { TextRange } from "../transcript/ranges";
import { timesOf, timesWithin } from "../transcript/timed";
import {
  EMPTY_TRANSCRIPT,
  reduceTranscript,
  type TranscriptAction,
} from "../transcript/transcript";
import { abilities, type ChosenModels, type Kind, modelAtHand } from "./abilities";
import { toCallFailure } from "./call-failure";
import { countsDownHere, rememberCountsDown } from "./countdown";
import type { ReferenceAudioServices } from "./services";
import {
  INITIAL,
  type Mode,
  NO_TAKE,
  type ReferenceAudioState,
  type ReferenceAudioValue,
} from "./state";
import { Transcriber } from "./transcriber";

/** Of the final pass, where no answer comes: seconds apart, for about five minutes. */
const PASSES: Spacing = { tries: 8, backoff: 5, backoffMax: 60, retryAfter: 60 };

export type SettledBy = VoiceDetail["settled_by"];

/** As musicians do. */
const COUNTDOWN_SECONDS = 3;

/** A take as it was before it was cut. */
interface Uncut extends Words {
  readonly take: Take;
  readonly cut: Stretch | undefined;
}

export interface InitialChoice {
  readonly mode?: Mode | undefined;
  readonly language?: string | undefined;
}

export class ReferenceAudio implements Readable<ReferenceAudioState> {
  readonly recorder: Recorder;
  readonly services: ReferenceAudioServices;
  readonly transcriber: Transcriber;
  /** Whose take this is: a change clears it. */
  readonly person: Person;
  readonly #initial: InitialChoice;
  readonly #scope: Scope;
  readonly #store: Store<ReferenceAudioState>;
  readonly getSnapshot: () => ReferenceAudioState;
  readonly subscribe: (listener: () => void) => () => void;
  readonly #keeper: TakeKeeper;
  /** Ends with the take: what comes late for an earlier one has no effect. */
  #takeScope: Scope;
  #live: Live | undefined;
  #check: SoundCheck | undefined;
  #takeId = newTakeId();
  #name = "";
  /** False where no one was signed in when the take was restored: it may be anyone's. */
  #ownable = true;
  readonly #passes = new Backoff(PASSES, Math.random);
  /** Aborts the transcription at hand. */
  #transcribing: AbortController | undefined;
  /** The text that stands there to be read. */
  #script: string | undefined;
  /** Where witnesses contradict the text at hand. */
  #doubts: readonly TextRange[] = [];
  /** What each cut can be taken back to, the newest last. */
  #uncut: readonly Uncut[] = [];

  constructor(services: ReferenceAudioServices, scope: Scope, initial: InitialChoice = {}) {
    this.services = services;
    this.#initial = initial;
    this.#scope = new Scope(scope);
    this.#takeScope = new Scope(this.#scope);
    this.transcriber = new Transcriber(services);
    this.#keeper = new TakeKeeper(services.store, this.#scope);
    this.recorder = new Recorder(
      { open: (options, listener, signal) => this.#openSource(options, listener, signal) },
      {
        opened: (rate) => this.#onOpened(rate),
        block: (pcm) => this.#keeper.push(pcm),
        frame: (pcm) => this.#live?.push(pcm),
        lost: () => this.#live?.stop(),
        full: () => void this.stop(),
      },
      services.config.limits.max_seconds,
      this.#scope,
    );
    this.#store = new Store<ReferenceAudioState>({
      ...INITIAL,
      countsDown: countsDownHere(),
      mode: initial.mode ?? "record",
      language: initial.language ?? "auto",
      preset: services.config.reference_preset ?? "any",
      recorder: this.recorder.getSnapshot(),
      kept: this.#keeper.getSnapshot(),
    });
    this.getSnapshot = this.#store.getSnapshot;
    this.subscribe = this.#store.subscribe;
    this.#scope.add(
      this.recorder.subscribe(() => this.#patch({ recorder: this.recorder.getSnapshot() })),
    );
    this.#scope.add(
      this.#keeper.subscribe(() => this.#patch({ kept: this.#keeper.getSnapshot() })),
    );
    this.person = new Person(
      services.account,
      this.#scope,
      () => this.#state.recorder.stage !== "idle",
    );
    this.#scope.add(this.person.subscribe(() => this.#forget(true)));
    this.#scope.add(
      services.account.subscribe(() => {
        this.#own();
        void this.restore();
      }),
    );
    void this.restore();
  }

  #patch(change: Partial<ReferenceAudioState>): void {
    if (!this.#scope.disposed) this.#store.patch(change);
  }

  get #state(): ReferenceAudioState {
    return this.#store.getSnapshot();
  }

  get #lengthLimits(): LengthLimits {
    return lengthLimits(this.services.config.limits, this.preset);
  }

  /** What recordings are made for. */
  get preset(): Preset {
    return presetOf(this.#state.preset);
  }

  get #idle(): boolean {
    const { take, recorder, inspecting, countdown } = this.#state;
    return !take && !inspecting && recorder.stage === "idle" && countdown === undefined;
  }

  /** Peak of what is heard, 0 to 1; falls slowly, so that the eye can follow. */
  get level(): number {
    return this.#state.recorder.stage === "recording" ? 10 ** (this.recorder.meter.level / 20) : 0;
  }

  get value(): ReferenceAudioValue {
    const { take, transcript, recorder, transcription, inspecting } = this.#state;
    const { language, detectedLanguage } = this.#state;
    const usable = take && isUsable(take.verdicts) ? take : undefined;
    return {
      file: usable?.file,
      durationSeconds: usable?.seconds,
      transcript: transcript.text,
      transcriptDraft: transcript.draft || undefined,
      transcriptFinal: transcript.final,
      language: language === "auto" ? (detectedLanguage ?? "auto") : language,
      busy:
        inspecting ||
        recorder.stage !== "idle" ||
        transcription.status === "uploading" ||
        transcription.status === "transcribing",
    };
  }

  // What the person sets.

  setMode(mode: Mode): void {
    if (!this.#idle) return;
    this.endCheck();
    this.#patch({ mode, fileFault: undefined });
  }

  setLanguage(language: string): void {
    this.#patch({ language });
    this.#keeper.update({ language });
  }

  setContextBias(contextBias: readonly string[]): void {
    this.#patch({ contextBias });
  }

  setTopic(topic: string): void {
    this.#patch({ topic });
  }

  /** Chooses a model for live words or for the final text; undefined is the service's own. */
  setModel(kind: Kind, id: string | undefined): void {
    const { [kind]: _, ...others } = this.#state.models;
    const models: ChosenModels = id === undefined ? others : { ...others, [kind]: id };
    this.#patch({ models });
    const { language } = this.#state;
    const { languages } = abilities(this.services.config, models);
    if (!languages.some(({ code }) => code === language)) this.setLanguage("auto");
  }

  setDevice(deviceId: string | undefined): void {
    this.#patch({ deviceId });
    if (this.#check) void this.check();
    void this.recorder.changeDevice(deviceId);
  }

  nextScript(): void {
    this.#patch({ script: this.#state.script + 1 });
  }

  /** Chooses what recordings are made for: every take is judged by it. */
  setPreset(preset: PresetId): void {
    this.#patch({ preset });
    const anew = (take: Take) => judgedAnew(take, this.#lengthLimits);
    const { take, original, tray } = this.#state;
    this.#uncut = this.#uncut.map((each) => ({ ...each, take: anew(each.take) }));
    this.#patch({
      take: take && anew(take),
      original: original && this.#uncut[0]?.take,
      tray: tray.map((each) => ({ ...each, take: anew(each.take) })),
    });
  }

  setTranscribeOnSelect(transcribeOnSelect: boolean): void {
    this.#patch({ transcribeOnSelect });
  }

  /** A change in a place that is in doubt settles it. */
  edit(text: string): void {
    this.#dispatch({ type: "edit", text, open: this.#doubts });
  }

  /** Takes the text at a place as it is. */
  settle(range: TextRange): void {
    this.#dispatch({ type: "settle", range });
  }

  /** Takes the script for the text: it was read word for word. */
  readAsWritten(): void {
    const { read } = this.#state;
    if (read) this.#dispatch({ type: "written", script: read });
  }

  /** What makes the words certain; undefined where that is unknown, or something is in doubt. */
  async settledBy(): Promise<SettledBy> {
    try {
      const { settledBy } = await import("../pair/check");
      return settledBy(this.#state);
    } catch {
      return undefined; // a voice is not held up by what is only said about it
    }
  }

  /** Notes the text that is shown to be read: it is a witness of what is recorded next. */
  shows(script: string): void {
    this.#script = script;
  }

  /** Notes the places of the text that are in doubt. */
  doubts(places: readonly TextRange[]): void {
    this.#doubts = places;
  }

  acceptOffer(): void {
    this.#dispatch({ type: "accept" });
  }

  dismissOffer(): void {
    this.#dispatch({ type: "dismiss" });
  }

  #dispatch(action: TranscriptAction): void {
    const transcript = reduceTranscript(this.#state.transcript, action);
    if (transcript === this.#state.transcript) return;
    this.#patch({ transcript });
    this.#keeper.update({ transcript });
  }

  // Recording.

  /** What is asked of a model: nothing that it cannot do. */
  #optionsFor(kind: Kind): SessionOptions {
    const { language, topic, models } = this.#state;
    const model = modelAtHand(this.services.config, kind, models);
    const about = cleanText(topic, "line").text;
    const described = about !== "" && !model?.single_word_bias;
    const contextBias = [...this.#state.contextBias, ...(described ? [about] : [])];
    const biased = contextBias.length > 0 && (model?.context_bias ?? true);
    const told = language !== "auto" && (model === undefined || model.languages.length > 0);
    return {
      language: told ? language : undefined,
      contextBias: biased ? contextBias : undefined,
      model: models[kind],
    };
  }

  /**
   * The finest times that the model has. Second-generation models take a language or times: the
   * language that a person chose weighs more, and the page estimates the times.
   */
  get #timesWanted(): Pick<TranscriptionOptions, "timestamps"> {
    const { language, models } = this.#state;
    const has = modelAtHand(this.services.config, "batch", models)?.timestamps ?? [];
    if (language !== "auto" && has.includes("word")) return {};
    const timestamps = (["word", "segment"] as const).find((each) => has.includes(each));
    return timestamps ? { timestamps } : {};
  }

  /** Begins a take. What was there before must have been put aside or discarded. */
  async record(): Promise<void> {
    if (!this.#idle) return;
    if (!this.#check) this.#patch({ check: undefined }); // a fault of the last one
    if (this.#state.countsDown && !(await this.#countDown())) return;
    await this.recorder.start(this.#state.deviceId);
    this.#patch({ countdown: undefined });
  }

  /** False where it was cancelled, or where the microphone cannot be opened. */
  async #countDown(): Promise<boolean> {
    const scope = this.#takeScope;
    this.#patch({ countdown: COUNTDOWN_SECONDS });
    // Open before the count, so that the take begins on the beat.
    if (!this.#check) await this.check();
    for (let left = COUNTDOWN_SECONDS; left > 0 && this.#state.check?.open; left -= 1) {
      this.#patch({ countdown: left });
      await new Promise<void>((resolve) => {
        scope.after(1000, resolve);
        scope.add(resolve);
      });
    }
    if (scope.disposed) return false;
    const isOpen = this.#state.check?.open === true;
    this.#patch({ countdown: isOpen ? 0 : undefined });
    return isOpen;
  }

  setCountsDown(countsDown: boolean): void {
    this.#patch({ countsDown });
    rememberCountsDown(countsDown);
  }

  /** Opens the microphone to look at its level and its room. */
  async check(): Promise<void> {
    const { recorder, deviceId } = this.#state;
    if (recorder.stage !== "idle") return;
    this.endCheck();
    const scope = this.#takeScope;
    const { SoundCheck } = await import("../take/sound-check");
    if (scope.disposed || this.#check) return;
    const check = new SoundCheck(
      this.services.source,
      deviceId,
      (state) => {
        if (this.#check !== check) return;
        if (state?.verdict) this.recorder.knowRoom();
        if (!state || state.fault) this.#check = undefined;
        this.#patch({ check: state });
      },
      scope,
    );
    this.#check = check;
    await check.start();
  }

  endCheck(): void {
    this.#check?.stop();
  }

  /** What the sound check hears. */
  get checkMeter(): Meter | undefined {
    return this.#check?.meter;
  }

  async #openSource(
    options: OpenOptions,
    listener: AudioListener,
    signal: AbortSignal,
  ): Promise<OpenSource> {
    const open = await this.#check?.handOver(options, listener);
    return open ?? this.services.source.open(options, listener, signal);
  }

  #onOpened(rate: number): void {
    this.#beginTake({
      kind: "recording",
      name: recordingName(new Date()),
      rate,
      file: undefined,
    });
    this.#patch({ read: this.#script });
    this.#keeper.update({ read: this.#script });
    const { config, realtimeUrl, token, openSocket } = this.services;
    if (!config.enabled || !config.realtime_enabled) return;
    const environment = { url: realtimeUrl, token, connect: openSocket };
    const live = new Live(this.#optionsFor("realtime"), environment, this.#takeScope);
    this.#live = live;
    this.#takeScope.add(live.subscribe(() => this.#onLive(live)));
    this.#dispatch({ type: "activity", activity: "listening" });
    live.run();
  }

  #onLive(live: Live): void {
    if (live !== this.#live) return;
    const view = live.getSnapshot();
    this.#patch({ live: view });
    this.#hear(view.language);
    if (view.text !== this.#state.transcript.draft) {
      this.#dispatch({ type: "draft", text: view.text });
    }
  }

  #hear(detectedLanguage: string | null | undefined): void {
    if (!detectedLanguage || detectedLanguage === this.#state.detectedLanguage) return;
    this.#patch({ detectedLanguage });
    this.#keeper.update({ detectedLanguage });
  }

  async pause(): Promise<void> {
    const part = this.#live?.part;
    await this.recorder.pause();
    this.#live?.stop(part);
  }

  async resume(): Promise<void> {
    if (this.#state.recorder.stage !== "paused") return;
    this.#live?.run();
    await this.recorder.resume(this.#state.deviceId);
  }

  takeOver(): void {
    const [sessionId] = this.#state.live.openSessions;
    if (sessionId !== undefined) this.#live?.takeOver(sessionId);
  }

  async stop(): Promise<void> {
    const { stage } = this.#state.recorder;
    if (stage === "idle" || stage === "stopping") return;
    const scope = this.#takeScope;
    const recorded = await this.recorder.stop();
    if (scope.disposed) return; // another person's take may be at hand
    this.#live?.stop();
    if (!recorded) {
      this.discard();
      return;
    }
    this.#keeper.flushAudio();
    const take = recordedTake(this.#takeId, recorded, this.#name, this.#lengthLimits);
    this.#patch({ take });
    const { final_pass, realtime_enabled } = this.services.config;
    const wanted = final_pass || !realtime_enabled || this.#state.live.phase === "failed";
    if (wanted && isUsable(take.verdicts)) await this.transcribe();
    else this.#dispatch({ type: "activity", activity: "none" });
  }

  // Choosing a file.

  async choose(file: File): Promise<void> {
    if (!this.#idle) return;
    this.#patch({ inspecting: true, fileFault: undefined });
    const scope = this.#takeScope;
    try {
      const { inspectFile } = await inspection();
      const take = await inspectFile(file, this.services.config.limits, this.preset);
      if (scope.disposed) return;
      this.#beginTake({ kind: "file", name: file.name, rate: 0, file: take.file }, take.id);
      this.#patch({ take, inspecting: false });
      // A file that is longer than it should be is cut first: only what is left is paid for.
      if (this.#state.transcribeOnSelect && !isTooLong(take)) await this.transcribe();
    } catch (error) {
      if (scope.disposed) return;
      // The class comes with the inspection.
      const fileFault = (error as Partial<FileRefused>).fault ?? "unreadable";
      this.#patch({ inspecting: false, fileFault });
    }
  }

  #beginTake(
    record: Pick<TakeRecord, "kind" | "name" | "rate" | "file">,
    id: string = newTakeId(),
  ): void {
    this.#takeId = id;
    this.#name = record.name;
    const { transcript, language } = this.#state;
    const madeAt = Date.now();
    this.#commitRemoval();
    this.#keeper.begin({ ...record, id, madeAt, owner: this.#owner, language, transcript });
  }

  /** A take that was made on this page before a sign-in belongs to the one who signs in first. */
  #own(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    if (this.#ownable) this.#keeper.own(owner);
    const tray = this.#state.tray.map((each) => {
      const record = each.ownable ? this.#keeper.own(owner, each.record) : undefined;
      return record ? { ...each, record } : each;
    });
    this.#patch({ tray });
  }

  /** Takes of people without an account are for anyone without one who uses this browser. */
  get #owner(): string | undefined {
    const state = this.services.account.getSnapshot();
    return state.status === "in" && !state.isAnonymous ? state.userId : undefined;
  }

  // The take.

  /** Whether there is room for another take beside those that there are. */
  get isFull(): boolean {
    const { current } = this;
    const all = current ? [...this.#state.tray, current] : this.#state.tray;
    return isFull(all.map(({ take }) => take));
  }

  /** The take at hand as the tray has it. */
  get current(): TrayTake | undefined {
    const { take, original = take } = this.#state;
    const { record } = this.#keeper;
    return record && original && { record, take: original, ownable: this.#ownable };
  }

  /** Puts the take aside, to make another one; nothing of it is lost. */
  another(): void {
    if (this.#state.recorder.stage === "idle" && !this.isFull) this.#putAside();
  }

  /** Takes up a take from the tray; the one at hand is put aside. */
  async pick(id: string): Promise<void> {
    const chosen = this.#state.tray.find(({ record }) => record.id === id);
    const { recorder, inspecting } = this.#state;
    if (!chosen || recorder.stage !== "idle" || inspecting) return;
    this.#putAside();
    this.#patch({ tray: this.#state.tray.filter((each) => each !== chosen) });
    this.#adopt(chosen.record, chosen.take);
    this.#ownable = chosen.ownable;
    this.#patch({ restored: false });
    this.#keeper.update({ chosenAt: Date.now() });
    if (chosen.record.transcript.activity === "improving") await this.transcribe();
  }

  /** Deletes a take; until the next one is deleted it can be taken back. */
  remove(id: string): void {
    if (id === this.#takeId) this.#putAside();
    const removed = this.#state.tray.find(({ record }) => record.id === id);
    if (!removed) return;
    this.#commitRemoval();
    this.#keeper.mark(id, true);
    this.#patch({ removed, tray: this.#state.tray.filter((each) => each !== removed) });
  }

  /** Takes the last deletion back. */
  async bringBack(): Promise<void> {
    const { removed, tray, take } = this.#state;
    if (!removed) return;
    const { record } = removed;
    this.#keeper.mark(record.id, false);
    this.#patch({ removed: undefined, tray: [...tray, removed] });
    if (!take) await this.pick(record.id);
  }

  #commitRemoval(): void {
    const { removed } = this.#state;
    if (removed) this.#keeper.remove(removed.record.id);
    this.#patch({ removed: undefined });
  }

  #putAside(): void {
    const { current } = this;
    const { take, tray } = this.#state;
    if (!take || !current) return;
    this.transcriber.discard(take);
    this.#keeper.putAside();
    this.#patch({ tray: [...tray, current] });
    this.#reset();
  }

  /** Makes a part of the original, in its seconds, the take. Its words go with it. */
  async cut({ from, to }: Stretch): Promise<void> {
    const scope = this.#takeScope;
    // Without it what was heard of the part is not known before the final pass has heard it.
    const { within, rangeWithin } = (await import("../pair/within").catch(() => undefined)) ?? {};
    const { take, original = take, cut, transcript, read, timed } = this.#state;
    const { language, detectedLanguage = "" } = this.#state;
    const made = original && cutTake(original, { from, to }, this.#lengthLimits);
    if (scope.disposed || !take || !original || !made) return;
    const said = { ...transcript, activity: "none" } as const;
    this.#uncut = [...this.#uncut, { take, cut, transcript: said, read, timed }];
    const start = cut?.from ?? 0;
    const part = { from: from - start, to: to - start };
    const { final = "", draft, text } = transcript;
    const where =
      timed && ([final, timed, part, language === "auto" ? detectedLanguage : language] as const);
    const known = where && within && rangeWithin;
    this.#become({
      take: made,
      cut: { from, to },
      read: known ? within(read, ...where) : read,
      timed: timed && timesWithin(timed, part),
      transcript,
    });
    const left = known && {
      range: rangeWithin(text, ...where),
      draft: within(draft, ...where),
      final: within(final, ...where),
    };
    this.#dispatch({ type: "cut", ...(left ? { left } : {}) });
    await this.transcribe();
  }

  /** Takes the newest cut back, with the words that were there before it. */
  uncut(): void {
    const before = this.#uncut.at(-1);
    if (!before) return;
    this.cancelTranscription();
    this.#uncut = this.#uncut.slice(0, -1);
    this.#become(before);
    if (before.transcript.final !== undefined) {
      this.#patch({ transcription: { status: "done", warnings: [] } });
    }
  }

  #become({ take, cut, transcript, read, timed }: Uncut): void {
    const [whole] = this.#uncut;
    const { take: old } = this.#state;
    if (old) this.transcriber.discard(old);
    const original = cut && whole?.take;
    this.#patch({ take, cut, original, transcript, read, timed });
    const before = whole && { transcript: whole.transcript, read: whole.read, timed: whole.timed };
    this.#keeper.update({ cut: cut && before && { ...cut, ...before }, transcript, read, timed });
  }

  /** Forgets the take and everything said about it. */
  discard(): void {
    const { take } = this.#state;
    if (take) this.transcriber.discard(take);
    this.#forget();
  }

  /** Resolves when this browser has written, or refused, everything so far. */
  settled(): Promise<void> {
    return this.#keeper.settled();
  }

  /** The take has become a voice: there is nothing left to keep. */
  submitted(): void {
    this.transcriber.release();
    this.#forget();
  }

  /** `kept` leaves the takes in the browser's database, for their person. */
  #forget(kept = false): void {
    if (!kept) {
      this.#keeper.forget();
      this.#reset();
      return;
    }
    this.transcriber.release();
    this.#commitRemoval();
    this.#keeper.leave();
    for (const { record } of this.#state.tray) this.#keeper.release(record.id);
    this.#letGo();
    const { mode = "record", language = "auto" } = this.#initial;
    this.#patch({ ...INITIAL, mode, language });
  }

  /** Ends what goes on with the take. */
  #letGo(): void {
    this.#transcribing?.abort();
    this.#transcribing = undefined;
    this.#takeScope.dispose();
    this.#takeScope = new Scope(this.#scope);
    this.#live = undefined;
    this.#check = undefined;
    this.#uncut = [];
    this.#ownable = true;
    this.#doubts = [];
    void this.recorder.cancel();
  }

  /** Makes room for the next take; what the person has set, and the other takes, stay. */
  #reset(): void {
    this.#letGo();
    this.#patch(NO_TAKE);
  }

  // The final pass.

  /** Has the take transcribed as a whole; also the way to try again. */
  async transcribe(): Promise<void> {
    this.#passes.beginAnew();
    await this.#pass();
  }

  /** Has the take heard once more, and charged once more. */
  async checkAgain(): Promise<void> {
    this.transcriber.askAnew();
    await this.transcribe();
  }

  async #pass(): Promise<void> {
    const { take } = this.#state;
    if (!take || !this.services.config.enabled || !isUsable(take.verdicts)) return;
    this.#transcribing?.abort();
    const controller = new AbortController();
    this.#transcribing = controller;
    const { signal } = controller;
    this.#dispatch({ type: "activity", activity: "improving" });
    this.#patch({ transcription: { status: "uploading", fraction: 0 } });
    const onProgress = (fraction: number) => {
      if (signal.aborted) return;
      this.#patch({
        transcription:
          fraction < 1 ? { status: "uploading", fraction } : { status: "transcribing" },
      });
    };
    try {
      const options = { ...this.#optionsFor("batch"), ...this.#timesWanted };
      const result = await this.transcriber.transcribe(take, options, signal, onProgress);
      const { limits } = this.services.config;
      const seconds = result.duration_seconds;
      const heard =
        take.kind === "file"
          ? (await inspection()).heardTake(take, seconds, limits, this.preset)
          : take;
      if (signal.aborted) return;
      const timed = timesOf(result);
      this.#patch({ timed, take: heard });
      this.#keeper.update({ timed });
      this.#dispatch({ type: "final", text: result.text, receipt: result.receipt });
      this.#hear(result.language);
      this.#patch({ transcription: { status: "done", warnings: result.warnings ?? [] } });
    } catch (error) {
      if (signal.aborted) return;
      const failure = toCallFailure(error);
      this.#dispatch({ type: "activity", activity: "none" });
      this.#patch({ transcription: { status: "failed", failure } });
      if (failure.code === "unreachable") this.#passAgain(signal);
    }
  }

  /** Tries again by itself: when the line returns, or in a while. */
  #passAgain(signal: AbortSignal): void {
    const delay = this.#passes.next(UNREACHABLE, false, false);
    if (delay === undefined) return;
    const wait = new Scope(this.#takeScope);
    const again = () => {
      wait.dispose();
      if (!signal.aborted) void this.#pass();
    };
    wait.after(delay * 1000, again);
    wait.listen(window, "online", again);
    signal.addEventListener("abort", () => wait.dispose());
  }

  cancelTranscription(): void {
    const { take, transcription } = this.#state;
    this.#transcribing?.abort();
    this.#transcribing = undefined;
    if (take && transcription.status === "uploading") this.transcriber.discard(take);
    this.#dispatch({ type: "activity", activity: "none" });
    this.#patch({ transcription: { status: "idle" } });
  }

  // After a reload, or a sign-in.

  /** Restores what was kept for the signed-in person, if nothing is in progress. */
  async restore(): Promise<void> {
    const { store, account } = this.services;
    if (account.getSnapshot().status === "loading") return;
    const { transcription } = this.#state;
    const code = transcription.status === "failed" ? transcription.failure.code : undefined;
    if (code === "signed_out" || code === "sign_in_failed") {
      if (account.getSnapshot().status === "in") await this.transcribe();
      return;
    }
    if (!store || !this.#idle || this.#state.tray.length > 0) return;
    const owner = this.#owner;
    let stored: StoredTake[];
    try {
      await this.#keeper.settled(); // what this page itself still writes is whole first
      stored = await store.restore(owner, MOST_TAKES);
    } catch {
      this.#patch({ kept: false });
      return;
    }
    const found: TrayTake[] = [];
    const ownable = account.getSnapshot().status === "in";
    for (const each of stored) {
      const { blocks: _, ...record } = each;
      const take = await rebuildTake(each, this.services.config.limits, this.preset);
      if (take && !isFull(found.map((each) => each.take))) found.push({ record, take, ownable });
      else store.release(record.id);
    }
    const [first, ...tray] = found;
    if (!first) return;
    if (this.#idle && this.#owner === owner) {
      this.#patch({ tray });
      this.#adopt(first.record, first.take);
      this.#ownable = ownable;
    } else {
      for (const { record } of found) store.release(record.id);
    }
  }

  #adopt(record: TakeRecord, take: Take): void {
    const { id, kind, language, detectedLanguage, transcript, read, timed, cut } = record;
    const part = cut && cutTake(take, cut, this.#lengthLimits);
    if (cut && part) {
      const { from: _, to: __, ...whole } = cut;
      this.#uncut = [{ take, cut: undefined, ...whole }];
    }
    this.#takeId = id;
    this.#keeper.resume(record);
    this.#patch({
      take: part ?? take,
      original: part && take,
      cut: part && cut && { from: cut.from, to: cut.to },
      read,
      timed,
      restored: true,
      mode: kind === "file" ? "upload" : "record",
      language,
      detectedLanguage,
      // A take of an earlier version of the page lacks what came since.
      transcript: { ...EMPTY_TRANSCRIPT, ...transcript, activity: "none" },
      transcription:
        transcript.final === undefined ? { status: "idle" } : { status: "done", warnings: [] },
    });
  }
}
