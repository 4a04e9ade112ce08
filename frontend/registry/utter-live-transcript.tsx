"use client";
/** Words while they are spoken, in your theme's colours. */
import { useLevel, useLiveTranscript } from "@utter/transcribe/react";

const LINES = {
  ready: "Listening",
  connecting: "Connecting…",
  slow: "Slow line",
  reconnecting: "Reconnecting… still listening",
  offline: "Offline: still listening",
} as const;

export interface UtterLiveTranscriptProps {
  /** Where the services are; your page's own host without it. */
  readonly apiUrl?: string;
  readonly language?: string;
  readonly onFinal?: (text: string) => void;
}

export function UtterLiveTranscript({ apiUrl, language, onFinal }: UtterLiveTranscriptProps) {
  const live = useLiveTranscript({ apiUrl, language, onFinal });
  const level = useLevel(live.stage === "listening" ? live.transcript : undefined);
  const idle = live.stage === "idle";
  return (
    <section
      aria-label="Live transcript"
      className="rounded-lg border bg-card p-4 text-card-foreground"
    >
      <div className="flex items-center gap-3">
        <button
          className="inline-flex h-10 items-center rounded-md bg-primary px-4 text-sm font-medium text-primary-foreground outline-none hover:bg-primary/90 focus-visible:ring-2 focus-visible:ring-ring disabled:opacity-50"
          disabled={live.stage === "finishing"}
          onClick={() => (idle ? live.start() : live.stop())}
          type="button"
        >
          {idle ? "Start" : "Stop"}
        </button>
        <meter aria-label="Level" className="w-24" max={1} value={level} />
        <span className="text-sm text-muted-foreground">{idle ? "" : LINES[live.line]}</span>
      </div>
      <p className="mt-3 min-h-16 whitespace-pre-wrap" translate="no">
        {live.settled}
        <span className="text-muted-foreground">{live.provisional}</span>
      </p>
      <p className="text-sm text-destructive empty:hidden" role="alert">
        {live.error?.message}
      </p>
    </section>
  );
}
