/** The library: reference audio with its transcript, for any React page. */
import "./styles.css";

export { LoopbackSource } from "./audio/loopback";
export { MicrophoneSource } from "./audio/microphone";
export type { AudioListener, AudioSource, OpenOptions, OpenSource } from "./audio/source";
export { SourceError } from "./audio/source";
export { Scope } from "./lib/scope";
export { type Readable, Store } from "./lib/store";
export {
  ReferenceAudioInput,
  type ReferenceAudioInputProps,
} from "./reference-audio/ReferenceAudioInput";
export { ReferenceAudio } from "./reference-audio/reference-audio";
export {
  type ConnectOptions,
  connect,
  type ReferenceAudioServices,
} from "./reference-audio/services";
export type { Mode, ReferenceAudioState, ReferenceAudioValue } from "./reference-audio/state";
export { useReferenceAudio } from "./reference-audio/use-reference-audio";
export { Account, type AccountState } from "./services/account";
export { Api, ApiError } from "./services/http";
export { SupabaseTakeStorage, type TakeStorage } from "./services/storage";
export { SignedOutError, SignInError, type TokenSupplier } from "./session/token";
export { TakeStore } from "./take/take-store";
