/** Speech into a field of a React page. */
import { type RefObject, useEffect, useState } from "react";
import { useReadable, useScope } from "../ui/hooks";
import { Dictation } from "./dictation";
import type { LiveTranscriptOptions } from "./live-transcript";

/** A field to dictate into; without one, the field that has, or last had, the caret. */
export type DictationTarget = RefObject<Element | null> | undefined;

export function useDictation(options: LiveTranscriptOptions = {}, target?: DictationTarget) {
  const [dictation] = useState(() => new Dictation(options, () => undefined));
  useEffect(() => {
    dictation.transcript.update(options);
    dictation.target = () => target?.current;
  });
  useScope((scope) => dictation.attach(scope), [dictation]);
  const state = useReadable(dictation);
  return { state, dictation };
}
