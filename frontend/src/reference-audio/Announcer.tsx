/**
 * The one live region: it says what begins, ends or breaks, and nothing that comes and goes. A
 * screen reader that speaks while recording would be in the recording.
 */
import { useEffect, useRef, useState } from "react";
import { spokenSeconds } from "../ui/format";
import type { PanelWords } from "./panels/catalogue";
import { usePanelParts } from "./panels/use-panel-parts";
import { sourceProblem, transcriptionProblem } from "./problems";
import { type ReferenceAudioState, WARNING_SECONDS } from "./state";
import { checkWords } from "./verdict-words";

/** What to say about the step from one state to the next. */
export function announcement(
  t: PanelWords,
  before: ReferenceAudioState,
  after: ReferenceAudioState,
  maxSeconds: number,
  isAnonymous = false,
): string | undefined {
  const [was, is] = [before.recorder, after.recorder];
  if (is.fault && is.fault !== was.fault) return sourceProblem(t, is.fault).words;
  if (is.stage !== was.stage) {
    if (is.stage === "recording") {
      return t(was.stage === "paused" ? "said.resumed" : "said.started");
    }
    if (is.stage === "paused") return t("said.paused");
  }
  const { removed, check } = after;
  if (removed && removed !== before.removed) {
    return t("tray.deleted", { seconds: Math.floor(removed.take.seconds ?? 0) });
  }
  if (check?.open && is.stage === "idle") {
    if (check.verdict && check.verdict !== before.check?.verdict) {
      return checkWords(t, check.verdict);
    }
    if (!before.check?.open) return t("check.speak");
  }
  const whole = after.original ?? after.take;
  const picked = before.tray.some(({ take }) => take === whole);
  if (after.take && !before.take && !after.restored && !picked) {
    const { kind, file, seconds } = after.take;
    const length = seconds === undefined ? "" : `${spokenSeconds(t.locale, seconds)}.`;
    const said = kind === "recording" ? t("said.stopped", { length }) : `${file.name}. ${length}`;
    return said.trim();
  }
  const warning = maxSeconds - WARNING_SECONDS;
  if (was.seconds < warning && is.seconds >= warning && is.stage === "recording") {
    return t("said.left", { count: WARNING_SECONDS });
  }
  if (is.silent && !was.silent) return t("hint.silent");
  if (is.stage === "recording") {
    const [line, now] = [before.live.phase, after.live.phase];
    if (after.live.openSessions.length > 0 && before.live.openSessions.length === 0) {
      return t("problem.elsewhere");
    }
    if (now === "reconnecting" && line === "listening") return t("said.reconnecting");
    if (now === "failed" && line !== "failed") return t("said.wordsStopped");
    return undefined;
  }
  if (after.transcription.status !== before.transcription.status) {
    if (after.transcription.status === "done") {
      return t(after.transcript.offered ? "offer.ready" : "said.ready");
    }
    if (after.transcription.status === "failed") {
      const { words, why } = transcriptionProblem(t, after.transcription.failure, isAnonymous);
      if (!why) return words;
      return t(why.code === "sign_in_failed" ? "problem.signIn" : "problem.unusable");
    }
  }
  return undefined;
}

export function Announcer() {
  const { reference, state, isAnonymous, t } = usePanelParts();
  const previous = useRef(state);
  const [words, setWords] = useState("");
  useEffect(() => {
    const maxSeconds = reference.services.config.limits.max_seconds;
    const said = announcement(t, previous.current, state, maxSeconds, isAnonymous);
    previous.current = state;
    if (said !== undefined) setWords(said);
  }, [reference, state, isAnonymous, t]);
  return (
    <p className="sr-only" role="status">
      {words}
    </p>
  );
}
