"use client";
/** The recorder with a name and consent below it; stores a voice. */
import {
  cloneVoice,
  machineText,
  toCallFailure,
  transcriptSource,
  type Voice,
} from "@utter/transcribe";
import { type ReferenceAudioInputProps, useReadable } from "@utter/transcribe/react";
import { type FormEvent, useId, useState } from "react";
import { UtterRecorder, type UtterRecorderProps } from "./utter-recorder";

export interface UtterCloneFormProps extends Omit<UtterRecorderProps, "children"> {
  readonly onCloned?: (voice: Voice) => void;
}

export function UtterCloneForm({ onCloned, ...recorder }: UtterCloneFormProps) {
  return (
    <UtterRecorder {...recorder}>
      {(reference) => <Form onCloned={onCloned} reference={reference} />}
    </UtterRecorder>
  );
}

function Form({
  reference,
  onCloned,
}: {
  readonly reference: ReferenceAudioInputProps["reference"];
  readonly onCloned: ((voice: Voice) => void) | undefined;
}) {
  const id = useId();
  const { take, transcript } = useReadable(reference);
  const [name, setName] = useState("");
  const [consent, setConsent] = useState(false);
  const [told, setTold] = useState("");
  const [busy, setBusy] = useState(false);
  const { file, transcript: words, busy: transcribing, language } = reference.value;
  const missing = !file
    ? "Record or upload your voice."
    : transcribing
      ? "Wait for the transcript."
      : words.trim().length < 10
        ? "Write down what is said."
        : !name.trim()
          ? "Give the voice a name."
          : consent
            ? ""
            : "Confirm that you may use this voice.";

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (missing || !take || busy) return;
    setBusy(true);
    setTold("Storing the voice…");
    const voice = {
      name: name.trim(),
      language,
      transcript: words.trim(),
      transcriptSource: transcriptSource(transcript),
      machineTranscript: machineText(transcript),
      consent,
    };
    try {
      const made = await reference.transcriber.withAudio(
        take,
        () => {},
        (audio, idempotencyKey) =>
          cloneVoice(reference.services.api, audio, voice, { idempotencyKey }),
        JSON.stringify(["clone", voice]),
      );
      setTold(`“${made.name}” is ready.`);
      setName("");
      reference.submitted();
      onCloned?.(made);
    } catch (error) {
      setTold(toCallFailure(error).detail);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="mt-6 grid gap-4" onSubmit={(event) => void submit(event)}>
      <label className="grid gap-1 text-sm font-medium" htmlFor={`${id}-name`}>
        Name
        <input
          className="h-10 rounded-md border border-input bg-background px-3 font-normal outline-none focus-visible:ring-2 focus-visible:ring-ring"
          id={`${id}-name`}
          maxLength={100}
          onChange={(event) => setName(event.target.value)}
          value={name}
        />
      </label>
      <label className="flex items-center gap-2 text-sm">
        <input
          checked={consent}
          onChange={(event) => setConsent(event.target.checked)}
          type="checkbox"
        />
        This is my voice, or I may use it.
      </label>
      <button
        aria-describedby={`${id}-missing`}
        className="h-10 rounded-md bg-primary px-4 text-sm font-medium text-primary-foreground outline-none hover:bg-primary/90 focus-visible:ring-2 focus-visible:ring-ring disabled:opacity-50"
        disabled={missing !== "" || busy}
        type="submit"
      >
        Clone voice
      </button>
      <p className="text-sm text-muted-foreground" id={`${id}-missing`} role="status">
        {told || missing}
      </p>
    </form>
  );
}
