/** All that the component shows, as one value. */

import type { PresetId } from "../audio/presets";
import { IDLE_LIVE, type LiveView } from "../session/live";
import type { FileFault } from "../take/file-refused";
import type { RecorderState } from "../take/recorder";
import type { CheckState } from "../take/sound-check";
import type { Stretch, Take } from "../take/take";
import type { TrayTake } from "../take/tray";
import type { Timed } from "../transcript/timed";
import { EMPTY_TRANSCRIPT, type Transcript } from "../transcript/transcript";
import type { ChosenModels } from "./abilities";
import type { CallFailure } from "./call-failure";

/** Seconds before the longest take ends that this is said. */
export const WARNING_SECONDS = 30;

const isRecording = (stage: RecorderState["stage"]) =>
  stage === "recording" || stage === "paused" || stage === "stopping";

/** Whether a take is under way, or about to be: the text stays, and the bar. */
export const isTaking = ({ recorder, countdown }: ReferenceAudioState) =>
  isRecording(recorder.stage) || countdown !== undefined;

export type Mode = "record" | "upload";

export type Transcription =
  | { readonly status: "idle" }
  | { readonly status: "uploading"; readonly fraction: number }
  | { readonly status: "transcribing" }
  | { readonly status: "done"; readonly warnings: readonly string[] }
  | { readonly status: "failed"; readonly failure: CallFailure };

export interface ReferenceAudioState {
  readonly mode: Mode;
  readonly recorder: RecorderState;
  /** How the sound check goes, while there is one. */
  readonly check: CheckState | undefined;
  /** Seconds until the recording begins, where it counts down. */
  readonly countdown: number | undefined;
  readonly live: LiveView;
  readonly take: Take | undefined;
  /** The takes beside it. */
  readonly tray: readonly TrayTake[];
  /** The take that was deleted last, and can be taken back. */
  readonly removed: TrayTake | undefined;
  /** The take comes from before a reload. */
  readonly restored: boolean;
  /** What the take was cut from; kept until the voice is made. */
  readonly original: Take | undefined;
  /** The part of the original that the take is. */
  readonly cut: Stretch | undefined;
  /** The text that stood there to be read when the recording began. */
  readonly read: string | undefined;
  /** When the words were said, where the model tells it. */
  readonly timed: Timed | undefined;
  readonly inspecting: boolean;
  readonly fileFault: FileFault | undefined;
  readonly transcription: Transcription;
  readonly transcript: Transcript;
  /** As chosen: ISO 639-1, or "auto". */
  readonly language: string;
  /** As the provider heard it. */
  readonly detectedLanguage: string | undefined;
  readonly contextBias: readonly string[];
  /** What the recording is about, in the person's words. */
  readonly topic: string;
  readonly models: ChosenModels;
  /** What recordings are made for. */
  readonly preset: PresetId;
  readonly transcribeOnSelect: boolean;
  readonly deviceId: string | undefined;
  /** Whether a take begins with a countdown. */
  readonly countsDown: boolean;
  /** Which of the texts to read, counted on. */
  readonly script: number;
  /** Whether this browser keeps the take over a reload. */
  readonly kept: boolean;
}

/** What a page gets from the component. */
export interface ReferenceAudioValue {
  /** The reference audio, once there is one that can be used. */
  readonly file: File | undefined;
  readonly durationSeconds: number | undefined;
  /** The text in the box: the person's, whatever the machine says later. */
  readonly transcript: string;
  /** What was heard live. */
  readonly transcriptDraft: string | undefined;
  /** What the final pass heard. */
  readonly transcriptFinal: string | undefined;
  /** As chosen, else as heard: ISO 639-1, or "auto" while it is unknown. */
  readonly language: string;
  /** Something is going on that may still change the above. */
  readonly busy: boolean;
}

/** Where there is no take. */
export const NO_TAKE = {
  check: undefined,
  countdown: undefined,
  live: IDLE_LIVE,
  take: undefined,
  restored: false,
  original: undefined,
  cut: undefined,
  read: undefined,
  timed: undefined,
  inspecting: false,
  fileFault: undefined,
  transcription: { status: "idle" },
  transcript: EMPTY_TRANSCRIPT,
  detectedLanguage: undefined,
} as const satisfies Partial<ReferenceAudioState>;

export const INITIAL: Omit<
  ReferenceAudioState,
  "recorder" | "language" | "mode" | "kept" | "preset"
> = {
  ...NO_TAKE,
  tray: [],
  removed: undefined,
  contextBias: [],
  topic: "",
  models: {},
  transcribeOnSelect: true,
  deviceId: undefined,
  countsDown: false,
  script: 0,
};
