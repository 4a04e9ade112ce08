/** `@utter/transcribe`: live words, recording and transcription, without React. */
export { type Microphone, Microphones } from "./audio/devices";
export { LoopbackSource } from "./audio/loopback";
export { canRecord, MicrophoneSource } from "./audio/microphone";
export type { PresetId } from "./audio/presets";
export type {
  AudioListener,
  AudioSource,
  OpenOptions,
  OpenSource,
  SourceFault,
} from "./audio/source";
export { SourceError } from "./audio/source";
export { setWorkletUrl } from "./audio/worklet";
export { Dictation } from "./dictation/dictation";
export { type Dictated, dictateInto, type Field, isDictatable } from "./dictation/field";
export {
  type Line,
  LiveTranscript,
  type LiveTranscriptError,
  type LiveTranscriptOptions,
  type LiveTranscriptStage,
  type LiveTranscriptState,
} from "./dictation/live-transcript";
export { LIMITS, PRESETS } from "./generated/constants";
export type * from "./generated/protocol";
export { Scope } from "./lib/scope";
export { type Readable, Store } from "./lib/store";
export { cleanText } from "./lib/text";
export { type CallFailure, toCallFailure } from "./reference-audio/call-failure";
export { ReferenceAudio } from "./reference-audio/reference-audio";
export {
  type ConnectOptions,
  connect,
  type ReferenceAudioServices,
} from "./reference-audio/services";
export type { Mode, ReferenceAudioState, ReferenceAudioValue } from "./reference-audio/state";
export { REFERENCE_WORDS, type ReferenceMessages } from "./reference-audio/words/catalogue";
export { Account, type AccountState } from "./services/account";
export {
  cloneVoice,
  deleteVoice,
  downloadBundle,
  fetchUsage,
  fetchVoice,
  listVoices,
  type NewVoice,
  renameVoice,
  transcribe,
} from "./services/api";
export { Api, ApiError, type Progress } from "./services/http";
export { connectLive, type LiveOptions, type LiveServices } from "./services/live";
export { deleteOwnKey, fetchOwnKey, storeOwnKey, testOwnKey } from "./services/own-key-api";
export { SupabaseTakeStorage, type TakeStorage } from "./services/storage";
export { isOver } from "./session/live";
export { SignedOutError, SignInError, type TokenSupplier } from "./session/token";
export { TakeStore } from "./take/take-store";
export { machineText, transcriptSource } from "./transcript/transcript";
export { day, languageName, percent, spokenSeconds } from "./ui/format";
export { directionOf, LANGUAGES, type Language, languageOf } from "./words/languages";
export { Catalogue, type Messages, type Part, type Words } from "./words/words";
