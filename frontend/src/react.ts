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
export type { Fault } from "./errors/catalogue";
export { useFaultWords } from "./errors/use-fault-words";
export { download } from "./reference-audio/ProblemMessage";
export {
  ReferenceAudioInput,
  type ReferenceAudioInputProps,
} from "./reference-audio/ReferenceAudioInput";
export { type Connection, useConnection } from "./reference-audio/use-connection";
export type { ComponentLabels } from "./reference-audio/use-reference-audio";
export { useReferenceAudio } from "./reference-audio/use-reference-audio";
// What the component is made of, for pages that want to look like it.
export { Boundary } from "./ui/boundary";
export { Button, Card, fieldClass, Message, ProgressBar } from "./ui/controls";
export { useReadable, useScope } from "./ui/hooks";
export {
  CrossIcon,
  DownloadIcon,
  LanguageIcon,
  PauseIcon,
  PencilIcon,
  PlayIcon,
  TrashIcon,
} from "./ui/icons";
export { useKeepFocus } from "./ui/keep-focus";
export { type Labels, LocaleContext, useCatalogue } from "./words/use-words";
