"use client";
/** `@utter/transcribe/react`: dictation, and reference audio with its transcript, for React pages. */
export { DictationButton, type DictationButtonProps } from "./dictation/DictationButton";
export {
  type UseLiveTranscript,
  useLevel,
  useLiveTranscript,
  useMicrophones,
} from "./dictation/hooks";
export type { DictationLabels } from "./dictation/labels";
export { type DictationTarget, useDictation } from "./dictation/use-dictation";
export {
  ReferenceAudioInput,
  type ReferenceAudioInputProps,
} from "./reference-audio/ReferenceAudioInput";
export { type Connection, useConnection } from "./reference-audio/use-connection";
export { useReferenceAudio } from "./reference-audio/use-reference-audio";
