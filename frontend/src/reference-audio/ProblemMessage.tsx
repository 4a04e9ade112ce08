/** A problem in words, with its ways out as buttons. */
import { useState } from "react";
import { Button, Message } from "../ui/controls";
import type { Problem, WayOut } from "./problems";
import { useParts } from "./use-reference-audio";

const LABELS: Readonly<Record<WayOut, string>> = {
  "allow-microphone": "How to allow it",
  "upload-instead": "Upload a file instead",
  "try-again": "Try again",
  download: "Download recording",
  "take-over": "Take over here",
  "sign-in": "Sign in",
};

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
  const { reference, onSignIn, state } = useParts();
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
          {LABELS[way]}
        </Button>
      ))}
    >
      <span>{problem.words}</span>
      {explained ? (
        <span className="mt-2 block text-soft" ref={focus} tabIndex={-1}>
          Open the site settings beside the address (a lock or sliders), allow the microphone for
          this page, then press Start recording again.
        </span>
      ) : null}
    </Message>
  );
}
