/** The transcript: always editable, never overwritten behind the person's back. */
import { lazy, Suspense, useId, useLayoutEffect, useRef, useState } from "react";
import { LIMITS } from "../generated/constants";
import { Button, Card, fieldClass, Message } from "../ui/controls";
import { Advanced } from "./Advanced";
import { abilities } from "./abilities";
import { BiasTerms } from "./BiasTerms";
import { ProblemMessage } from "./ProblemMessage";
import { transcriptionProblem } from "./problems";
import type { ReferenceAudioState } from "./state";
import { useParts } from "./use-reference-audio";

const Comparison = lazy(async () => ({ default: (await import("./Comparison")).Comparison }));

/** Where the text in the box stands, in a word or two. */
export function transcriptStatus({ transcript, recorder }: ReferenceAudioState): string {
  if (recorder.stage === "recording" || recorder.stage === "paused") return "Live draft";
  // There is nothing to improve before the first words.
  if (transcript.activity === "improving") return transcript.text ? "Improving…" : "Transcribing…";
  if (transcript.edited) return "Edited by you";
  if (transcript.final !== undefined) return "Final";
  return transcript.draft ? "Live draft" : "";
}

function LanguageSelect() {
  const { reference, state } = useParts();
  const id = useId();
  const { languages } = abilities(reference.services.config, state.models);
  const detected = languages.find(({ code }) => code === state.detectedLanguage)?.name;
  return (
    <div className="flex items-center gap-2">
      <label className="text-sm text-soft" htmlFor={id}>
        Language
      </label>
      <select
        className="min-h-11 max-w-44 rounded-xl border border-edge bg-card px-3 py-2"
        disabled={state.recorder.stage !== "idle"}
        id={id}
        onChange={(event) => reference.setLanguage(event.target.value)}
        value={state.language}
      >
        <option value="auto">{detected ? `Auto (${detected})` : "Auto"}</option>
        {languages.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A text area that is as tall as its text. */
function GrowingTextArea({
  id,
  describedBy,
}: {
  readonly id: string;
  readonly describedBy: string;
}) {
  const { reference, state } = useParts();
  const { text } = state.transcript;
  const { enabled } = reference.services.config;
  const area = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [text]);
  useLayoutEffect(() => {
    if (state.accepted) area.current?.focus();
  }, [state.accepted]);
  return (
    <textarea
      aria-describedby={describedBy}
      className={`${fieldClass} resize-none text-lg/7`}
      dir="auto"
      id={id}
      // It counts in UTF-16, where a character is one or two; what is too long is told.
      maxLength={2 * LIMITS.max_transcript_characters}
      onChange={(event) => reference.edit(event.target.value)}
      placeholder={
        enabled ? "What you say appears here. You can also type it." : "What is said, word for word"
      }
      ref={area}
      rows={4}
      translate="no"
      value={text}
    />
  );
}

function Offer({
  compared,
  onCompare,
}: {
  readonly compared: boolean;
  readonly onCompare: () => void;
}) {
  const { reference } = useParts();
  return (
    <Message
      actions={
        <>
          <Button aria-expanded={compared} onClick={onCompare} variant="link">
            Compare
          </Button>
          <Button onClick={() => reference.acceptOffer()} variant="link">
            Use it
          </Button>
          <Button onClick={() => reference.dismissOffer()} variant="link">
            Keep mine
          </Button>
        </>
      }
      tone="plain"
    >
      A new transcript is ready.
    </Message>
  );
}

export function TranscriptCard() {
  const { reference, state, isAnonymous } = useParts();
  const id = useId();
  const [compared, setCompared] = useState(false);
  const { transcript, transcription, recorder } = state;
  const { enabled } = reference.services.config;
  const { contextBias } = abilities(reference.services.config, state.models);
  const recording = recorder.stage !== "idle";
  const { draft, final, offered, text } = transcript;
  const comparable = final !== undefined && (offered || (draft !== "" && draft !== final));
  const warnings = transcription.status === "done" ? transcription.warnings : [];
  return (
    <Card labelledBy={`${id}-title`}>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h2 className="text-lg font-medium" id={`${id}-title`}>
          <label htmlFor={`${id}-text`}>Transcript</label>
          <span className="ml-3 text-sm font-normal text-soft" data-transcript-status>
            {transcriptStatus(state)}
          </span>
        </h2>
        <LanguageSelect />
      </div>
      {recording ? (
        <p className="text-soft">You can change the words here when you stop.</p>
      ) : (
        <div className="space-y-3">
          {enabled ? null : <p>Transcription is off; type what you said.</p>}
          {transcription.status === "failed" ? (
            <ProblemMessage problem={transcriptionProblem(transcription.failure, isAnonymous)} />
          ) : null}
          {offered ? <Offer compared={compared} onCompare={() => setCompared(!compared)} /> : null}
          <GrowingTextArea describedBy={`${id}-help`} id={`${id}-text`} />
          {comparable && !offered ? (
            <Button aria-expanded={compared} onClick={() => setCompared(!compared)} variant="link">
              {compared ? "Hide the comparison" : "Compare with the live draft"}
            </Button>
          ) : null}
          {comparable && compared ? (
            <Suspense>
              <Comparison
                after={final}
                before={offered ? text : draft}
                caption={
                  offered
                    ? "From your text to the new one"
                    : "From the live draft to the final text"
                }
              />
            </Suspense>
          ) : null}
          {warnings.map((warning) => (
            <p className="text-sm text-soft" key={warning}>
              {warning}
            </p>
          ))}
          <p className="text-sm text-soft" id={`${id}-help`}>
            For best cloning, transcript should match audio exactly.
          </p>
          {enabled && contextBias !== "none" ? <BiasTerms /> : null}
          {enabled ? <Advanced /> : null}
        </div>
      )}
    </Card>
  );
}
