/**
 * The one live region: it says what begins, ends or breaks, and nothing that comes and goes. A
 * screen reader that speaks while recording would be in the recording.
 */
import { useEffect, useRef, useState } from "react";
import { spokenSeconds } from "../ui/format";
import { sourceProblem, transcriptionProblem } from "./problems";
import { type ReferenceAudioState, WARNING_SECONDS } from "./state";
import { useParts } from "./use-reference-audio";

/** What to say about the step from one state to the next. */
export function announcement(
  before: ReferenceAudioState,
  after: ReferenceAudioState,
  maxSeconds: number,
  isAnonymous = false,
): string | undefined {
  const [was, is] = [before.recorder, after.recorder];
  if (is.fault && is.fault !== was.fault) return sourceProblem(is.fault).words;
  if (is.stage !== was.stage) {
    if (is.stage === "recording") {
      return was.stage === "paused" ? "Recording goes on." : "Recording started.";
    }
    if (is.stage === "paused") return "Recording paused.";
  }
  if (after.take && !before.take && !after.restored) {
    const length = after.take.seconds === undefined ? "" : ` ${spokenSeconds(after.take.seconds)}.`;
    return after.take.kind === "recording"
      ? `Recording stopped.${length}`
      : `${after.take.file.name}.${length}`;
  }
  const warning = maxSeconds - WARNING_SECONDS;
  if (was.seconds < warning && is.seconds >= warning && is.stage === "recording") {
    return `${WARNING_SECONDS} seconds left.`;
  }
  if (is.silent && !was.silent) return "We hear nothing. Is the microphone muted?";
  if (is.stage === "recording") {
    const [line, now] = [before.live.phase, after.live.phase];
    if (after.live.openSessions.length > 0 && before.live.openSessions.length === 0) {
      return "You are already recording elsewhere.";
    }
    if (now === "reconnecting" && line === "listening") return "Reconnecting. Still recording.";
    if (now === "failed" && line !== "failed") return "Live words stopped. Still recording.";
    return undefined;
  }
  if (after.transcription.status !== before.transcription.status) {
    if (after.transcription.status === "done") {
      return after.transcript.offered ? "A new transcript is ready." : "The transcript is ready.";
    }
    if (after.transcription.status === "failed") {
      return transcriptionProblem(after.transcription.failure, isAnonymous).words;
    }
  }
  return undefined;
}

export function Announcer() {
  const { reference, state, isAnonymous } = useParts();
  const previous = useRef(state);
  const [words, setWords] = useState("");
  useEffect(() => {
    const maxSeconds = reference.services.config.limits.max_seconds;
    const said = announcement(previous.current, state, maxSeconds, isAnonymous);
    previous.current = state;
    if (said !== undefined) setWords(said);
  }, [reference, state, isAnonymous]);
  return (
    <p className="sr-only" role="status">
      {words}
    </p>
  );
}
