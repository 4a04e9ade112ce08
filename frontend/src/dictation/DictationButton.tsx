/** A button that lets people speak into a field: press, speak, press again. */
import { type ReactNode, useRef } from "react";
import { useFaultWords } from "../errors/use-fault-words";
import { MicrophoneIcon, StopIcon } from "../ui/icons";
import { useScheme } from "../ui/scheme";
import { SHARED_WORDS } from "../ui/words/catalogue";
import { useCatalogue } from "../words/use-words";
import { useLevel } from "./hooks";
import { type DictationLabels, dictationLabel } from "./labels";
import type { LiveTranscriptOptions, LiveTranscriptState } from "./live-transcript";
import { type DictationTarget, useDictation } from "./use-dictation";

export interface DictationButtonProps extends LiveTranscriptOptions {
  /** The field; without it, the one that has, or last had, the caret. */
  readonly target?: DictationTarget;
  /** What the button says is in the language of this locale; English without one. */
  readonly locale?: string | undefined;
  readonly labels?: Partial<DictationLabels> | undefined;
  readonly className?: string | undefined;
  readonly disabled?: boolean | undefined;
  /** Takes the place of the icon. */
  readonly children?: ReactNode | ((state: LiveTranscriptState) => ReactNode);
}

/** Pixels of the ring at full level. */
const RING = 6;

export function DictationButton({
  target,
  locale,
  labels,
  className = "",
  disabled = false,
  children,
  ...options
}: DictationButtonProps) {
  const { state, dictation } = useDictation(options, target);
  const { stage, error } = state;
  const root = useRef<HTMLSpanElement>(null);
  useScheme(root);
  const level = useLevel(stage === "listening" ? dictation.transcript : undefined);
  const active = stage !== "idle";
  const t = useCatalogue(SHARED_WORDS, { locale });
  const label = dictationLabel(t, stage, labels);
  const fault = useFaultWords(error, locale);
  const icon = active ? <StopIcon /> : <MicrophoneIcon />;
  return (
    <span className={`utter inline-block ${className}`} ref={root}>
      <button
        aria-keyshortcuts="Control+Shift+D"
        aria-label={label}
        aria-pressed={active}
        className={`grid size-10 place-items-center rounded-full border ${
          active ? "border-accent bg-accent text-on-accent" : "border-edge text-ink"
        }`}
        data-stage={stage}
        disabled={disabled || stage === "finishing"}
        onClick={() => dictation.toggle()}
        // The caret stays where the words are to go.
        onMouseDown={(event) => event.preventDefault()}
        // None where a server renders: a page's content policy may refuse it there.
        style={level ? { boxShadow: `0 0 0 ${level * RING}px var(--u-accent-soft)` } : undefined}
        title={fault ?? label}
        type="button"
      >
        {typeof children === "function" ? children(state) : (children ?? icon)}
      </button>
      <span className="sr-only" role="status">
        {fault}
      </span>
    </span>
  );
}
