/** A problem in words, with its ways out as buttons. */
import { useState } from "react";
import { useFaultWords } from "../errors/use-fault-words";
import { Button, Message } from "../ui/controls";
import { usePanelParts } from "./panels/use-panel-parts";
import {
  liveProblem,
  type Problem,
  type RecorderFault,
  sourceProblem,
  transcriptionProblem,
  type WayOut,
} from "./problems";

/** Saves the take as a file of the person's own. */
export function download(file: File): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(url);
}

/** What was pressed has given way to this. */
const focus = (element: HTMLElement | null) => element?.focus();

export function ProblemMessage({ problem }: { readonly problem: Problem }) {
  const { reference, onSignIn, state, t } = usePanelParts();
  const why = useFaultWords(problem.why);
  const [explained, setExplained] = useState(false);
  const file = state.take?.file;
  const actions: Readonly<Record<WayOut, (() => void) | undefined>> = {
    "allow-microphone": explained ? undefined : () => setExplained(true),
    "upload-instead": () => reference.setMode("upload"),
    "try-again": () => void reference.transcribe(),
    download: file && (() => download(file)),
    "take-over": () => reference.takeOver(),
    "sign-in": onSignIn,
  };
  const offered = problem.waysOut.filter((way) => actions[way]);
  return (
    <Message
      actions={offered.map((way) => (
        <Button key={way} onClick={actions[way]} variant="link">
          {t(`out.${way}`)}
        </Button>
      ))}
    >
      <span>{[why, problem.words].filter(Boolean).join(" ")}</span>
      {explained ? (
        <span className="mt-2 block text-soft" ref={focus} tabIndex={-1}>
          {t("microphone.allow")}
        </span>
      ) : null}
    </Message>
  );
}

/** Why there is no sound. */
export function SourceProblem({ fault }: { readonly fault: RecorderFault }) {
  return <ProblemMessage problem={sourceProblem(usePanelParts().t, fault)} />;
}

/** Why there are no more live words, where there is more to say than the line's chip says. */
export function LiveProblem() {
  const { state, isAnonymous, t } = usePanelParts();
  const problem = liveProblem(t, state.live, isAnonymous);
  return problem ? <ProblemMessage problem={problem} /> : null;
}

/** Why there is no transcript of the whole take. */
export function TranscriptionProblem() {
  const { state, isAnonymous, t } = usePanelParts();
  const { transcription } = state;
  if (transcription.status !== "failed") return null;
  return <ProblemMessage problem={transcriptionProblem(t, transcription.failure, isAnonymous)} />;
}
