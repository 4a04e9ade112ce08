/** How the line is, in a word or two: never a reason to stop speaking. */
import type { LiveView } from "../session/live";
import { useParts } from "./use-reference-audio";
import type { ReferenceWords } from "./words/catalogue";

interface Line {
  readonly words: string;
  readonly tone: "good" | "wait" | "off";
}

export function describeLine(
  t: ReferenceWords,
  live: LiveView,
  enabled: boolean,
  paused: boolean,
): Line {
  if (paused) return { words: t("level.paused"), tone: "off" };
  if (!enabled) return { words: t("line.recording"), tone: "good" };
  if (live.openSessions.length > 0) return { words: t("line.still"), tone: "wait" };
  switch (live.phase) {
    case "idle":
    case "connecting":
      return { words: t(live.offline ? "line.offline" : "line.connecting"), tone: "wait" };
    case "listening":
      return live.behindSeconds > 0
        ? { words: t("line.slow", { seconds: live.behindSeconds }), tone: "wait" }
        : { words: t("line.listening"), tone: "good" };
    case "reconnecting":
      return { words: t(live.offline ? "line.offline" : "line.reconnecting"), tone: "wait" };
    case "finishing":
      return { words: t("line.finishing"), tone: "wait" };
    default:
      return { words: t("line.still"), tone: "off" };
  }
}

const DOTS = { good: "bg-good-fill", wait: "bg-fair", off: "bg-edge" } as const;

/** @param bare In a line of its own that may be short: the words end where it ends. */
export function LineChip({ bare = false }: { readonly bare?: boolean }) {
  const { reference, state, t } = useParts();
  const { enabled, realtime_enabled } = reference.services.config;
  const paused = state.recorder.stage === "paused";
  const line = describeLine(t, state.live, enabled && realtime_enabled, paused);
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
