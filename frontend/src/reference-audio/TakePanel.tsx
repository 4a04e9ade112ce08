/** A finished take: hear it, see what it is like, keep it or not. */
import { lazy, Suspense, useLayoutEffect, useRef, useState } from "react";
import { isUsable, type Verdict } from "../audio/gate";
import { Button, Message, ProgressBar } from "../ui/controls";
import { megabytes } from "../ui/format";
import { CheckIcon, CrossIcon, NoteIcon } from "../ui/icons";
import { download } from "./ProblemMessage";
import type { ReferenceAudioState } from "./state";
import { useParts } from "./use-reference-audio";

const TrimWaveform = lazy(async () => ({ default: (await import("./TrimWaveform")).TrimWaveform }));

const MARKS = {
  good: { icon: <CheckIcon />, spoken: "Good: ", colour: "text-good" },
  fair: { icon: <NoteIcon />, spoken: "Note: ", colour: "text-fair" },
  bad: { icon: <CrossIcon />, spoken: "Problem: ", colour: "text-bad" },
} as const;

export function Verdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  return (
    <ul className="grid gap-x-6 gap-y-1 sm:grid-cols-2">
      {verdicts.map(({ aspect, grade, sentence }) => (
        <li className="flex gap-2" key={aspect}>
          <span className={`mt-0.5 ${MARKS[grade].colour}`}>{MARKS[grade].icon}</span>
          <span>
            <span className="sr-only">{MARKS[grade].spoken}</span>
            <span>{sentence}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function TranscriptionProgress() {
  const { reference, state } = useParts();
  const { transcription } = state;
  if (transcription.status !== "uploading" && transcription.status !== "transcribing") return null;
  const fraction = transcription.status === "uploading" ? transcription.fraction : undefined;
  const words =
    fraction === undefined ? "Transcribing…" : `Uploading, ${Math.round(fraction * 100)}%`;
  return (
    <div className="space-y-1">
      <div className="flex items-center justify-between gap-4">
        <span className="text-soft tabular-nums">{words}</span>
        <Button onClick={() => reference.cancelTranscription()} variant="link">
          Cancel
        </Button>
      </div>
      <ProgressBar fraction={fraction} label={words} />
    </div>
  );
}

/** Asks before an edited transcript is lost; otherwise acts at once. */
function DiscardButton({ label, primary }: { readonly label: string; readonly primary: boolean }) {
  const { reference, state } = useParts();
  const [asking, setAsking] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useLayoutEffect(() => {
    if (asked.current && !asking) button.current?.focus();
    asked.current = asking;
  }, [asking]);
  if (asking) {
    return (
      <div className="order-last basis-full">
        <Message
          actions={
            <>
              <Button autoFocus={true} onClick={() => reference.discard()} variant="link">
                {`${label} anyway`}
              </Button>
              <Button onClick={() => setAsking(false)} variant="link">
                Keep this take
              </Button>
            </>
          }
        >
          Your edited transcript goes with this take.
        </Message>
      </div>
    );
  }
  return (
    <Button
      onClick={() => (state.transcript.edited ? setAsking(true) : reference.discard())}
      ref={button}
      variant={primary ? "primary" : "secondary"}
    >
      {label}
    </Button>
  );
}

/** Whether there is a transcription to be asked for by hand. */
function canTranscribe(state: ReferenceAudioState, enabled: boolean): boolean {
  const { transcription, take } = state;
  return (
    enabled && take !== undefined && isUsable(take.verdicts) && transcription.status === "idle"
  );
}

export function TakePanel() {
  const { reference, state } = useParts();
  const { take, accepted, restored, kept } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    // The button that led here is gone: the focus goes to what took its place.
    if (document.activeElement === document.body && !restored) heading.current?.focus();
  }, [restored]);
  if (!take) return null;
  const isRecording = take.kind === "recording";
  const usable = isUsable(take.verdicts);
  const toTranscribe = canTranscribe(state, reference.services.config.enabled);
  // A recording has been listened to already, if only live.
  const transcribeFirst = toTranscribe && (!isRecording || restored);
  const size = isRecording ? "" : ` · ${megabytes(take.file.size)}`;
  return (
    <div className="appear space-y-4">
      <h3 className="font-medium wrap-anywhere" ref={heading} tabIndex={-1}>
        <span>{isRecording ? "Your take" : take.file.name}</span>
        <span className="font-normal text-soft">{size}</span>
      </h3>
      {restored ? (
        <p className="text-soft">This was kept in your browser when the page closed.</p>
      ) : null}
      {take.pcm ? (
        <Suspense fallback={<div style={{ height: 152 }} />}>
          <TrimWaveform take={take} />
        </Suspense>
      ) : null}
      {accepted ? null : <Verdicts verdicts={take.verdicts} />}
      {take.measurement === undefined && usable ? (
        <p className="text-soft">
          This browser cannot play this file; its length is checked when it is sent.
        </p>
      ) : null}
      {kept ? null : <p className="text-soft">This browser cannot keep the take over a reload.</p>}
      <TranscriptionProgress />
      <div className="flex flex-wrap items-center gap-3">
        {toTranscribe ? (
          <Button
            onClick={() => void reference.transcribe()}
            variant={transcribeFirst ? "primary" : "secondary"}
          >
            Transcribe
          </Button>
        ) : null}
        {isRecording && usable && !accepted ? (
          <Button
            onClick={() => reference.accept()}
            variant={transcribeFirst ? "secondary" : "primary"}
          >
            Use this take
          </Button>
        ) : null}
        <DiscardButton label={isRecording ? "Redo" : "Another file"} primary={!usable} />
        {isRecording ? (
          <Button onClick={() => download(take.file)} variant="link">
            Download
          </Button>
        ) : null}
      </div>
    </div>
  );
}
