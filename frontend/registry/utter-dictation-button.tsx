"use client";
/** A dictation button in your theme's colours: words go to `target`, or to where the caret is. */
import { type DictationTarget, useDictation, useLevel } from "@utter/transcribe/react";

export interface UtterDictationButtonProps {
  /** Where the services are; your page's own host without it. */
  readonly apiUrl?: string;
  readonly target?: DictationTarget;
  /** An English name, an ISO 639-1 code or a locale. */
  readonly language?: string;
  readonly className?: string;
}

export function UtterDictationButton({
  apiUrl,
  target,
  language,
  className = "",
}: UtterDictationButtonProps) {
  const { state, dictation } = useDictation({ apiUrl, language }, target);
  const level = useLevel(state.stage === "listening" ? dictation.transcript : undefined);
  const active = state.stage !== "idle";
  const label = active ? "Stop dictating" : "Dictate";
  return (
    <span className={`inline-flex items-center gap-2 ${className}`}>
      <button
        aria-keyshortcuts="Control+Shift+D"
        aria-label={label}
        aria-pressed={active}
        className={`inline-flex size-10 items-center justify-center rounded-md border outline-none focus-visible:ring-2 focus-visible:ring-ring disabled:opacity-50 ${
          active
            ? "border-primary bg-primary text-primary-foreground"
            : "border-input bg-background text-foreground hover:bg-accent"
        }`}
        disabled={state.stage === "finishing"}
        onClick={() => dictation.toggle()}
        // The caret stays where the words are to go.
        onMouseDown={(event) => event.preventDefault()}
        style={{ boxShadow: `0 0 0 ${Math.round(level * 6)}px var(--ring)` }}
        title={label}
        type="button"
      >
        <svg
          aria-hidden="true"
          className="size-4"
          fill="none"
          stroke="currentColor"
          strokeLinecap="round"
          strokeWidth="2"
          viewBox="0 0 24 24"
        >
          {active ? (
            <rect fill="currentColor" height="12" rx="2" width="12" x="6" y="6" />
          ) : (
            <path d="M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5 11a7 7 0 0 0 14 0M12 18v3" />
          )}
        </svg>
      </button>
      <span className="text-sm text-destructive empty:hidden" role="status">
        {state.error?.message}
      </span>
    </span>
  );
}
