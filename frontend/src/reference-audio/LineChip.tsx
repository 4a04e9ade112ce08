/** How the line is, in a word or two: never a reason to stop speaking. */
import type { LiveView } from "../session/live";
import { useParts } from "./use-reference-audio";

interface Line {
  readonly words: string;
  readonly tone: "good" | "wait" | "off";
}

export function describeLine(live: LiveView, enabled: boolean, paused: boolean): Line {
  if (paused) return { words: "Paused", tone: "off" };
  if (!enabled) return { words: "Recording", tone: "good" };
  if (live.openSessions.length > 0) return { words: "Still recording", tone: "wait" };
  switch (live.phase) {
    case "idle":
    case "connecting":
      if (live.offline) return { words: "Offline: still recording", tone: "wait" };
      return { words: "Connecting…", tone: "wait" };
    case "listening":
      return live.behindSeconds > 0
        ? { words: `Slow line: words ${live.behindSeconds} s behind`, tone: "wait" }
        : { words: "Listening", tone: "good" };
    case "reconnecting":
      return {
        words: live.offline ? "Offline: still recording" : "Reconnecting… still recording",
        tone: "wait",
      };
    case "finishing":
      return { words: "Finishing…", tone: "wait" };
    default:
      return { words: "Still recording", tone: "off" };
  }
}

const DOTS = { good: "bg-good-fill", wait: "bg-fair", off: "bg-edge" } as const;

/** @param bare In a line of its own that may be short: the words end where it ends. */
export function LineChip({ bare = false }: { readonly bare?: boolean }) {
  const { reference, state } = useParts();
  const { enabled, realtime_enabled } = reference.services.config;
  const paused = state.recorder.stage === "paused";
  const line = describeLine(state.live, enabled && realtime_enabled, paused);
  return (
    <span
      className={`items-center gap-2 ${bare ? "flex text-xs" : "inline-flex rounded-full bg-sunken px-3 py-1 text-sm"}`}
      data-line
    >
      <span
        aria-hidden="true"
        className={`size-2 shrink-0 rounded-full forced-colors:bg-[CanvasText] ${DOTS[line.tone]}`}
      />
      <span className={bare ? "truncate" : ""}>{line.words}</span>
    </span>
  );
}
