/** Name, consent, and the one button that everything leads to. */
import { type FormEvent, useId, useRef, useState } from "react";
import { type CallFailure, LIMITS, type ReferenceAudio, type Scope, type Voice } from "../index";
import { Button, Card, fieldClass, Message, ProgressBar, useReadable, useScope } from "../react";
import { clone, whyNot } from "./clone";
import type { Playback } from "./playback";

type Stage =
  | { readonly name: "ready" }
  | { readonly name: "busy"; readonly fraction: number }
  | { readonly name: "failed"; readonly failure: CallFailure }
  | { readonly name: "done"; readonly voice: Voice };

function FailureMessage({
  failure,
  onSignIn,
}: {
  readonly failure: CallFailure;
  readonly onSignIn: () => void;
}) {
  if (["signed_out", "token_expired", "unauthenticated"].includes(failure.code)) {
    return (
      <Message
        actions={
          <Button onClick={onSignIn} variant="link">
            Sign in
          </Button>
        }
      >
        Please sign in again. Your recording is kept.
      </Message>
    );
  }
  if (failure.code === "sign_in_failed") {
    return (
      <Message
        actions={
          <Button onClick={onSignIn} variant="link">
            Sign in
          </Button>
        }
      >
        {`${failure.detail} Your recording and its words are kept.`}
      </Message>
    );
  }
  const known = failure.code !== "unreachable" && failure.code !== "internal";
  return (
    <Message>
      {`${known ? failure.detail : "The voice could not be made."} Your recording and its words are kept; you can try again.`}
    </Message>
  );
}

export function CloneForm({
  reference,
  playback,
  onVoice,
  onSignIn,
}: {
  readonly reference: ReferenceAudio;
  readonly playback: Playback;
  readonly onVoice: (voice: Voice) => void;
  readonly onSignIn: () => void;
}) {
  const state = useReadable(reference);
  const id = useId();
  const [form, setForm] = useState({ name: "", consent: false });
  const [stage, setStage] = useState<Stage>({ name: "ready" });
  const reason = whyNot(reference.value, state, form);
  const life = useRef<Scope>(undefined);
  useScope((scope) => {
    life.current = scope;
  }, []);
  const isBusy = stage.name === "busy";

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (reason || isBusy) return;
    setStage({ name: "busy", fraction: 0 });
    const outcome = await clone(reference, form, (fraction) =>
      setStage({ name: "busy", fraction }),
    );
    // The person has left meanwhile: what is on the page is no longer theirs.
    if (life.current?.disposed) return;
    if ("failure" in outcome) {
      setStage({ name: "failed", failure: outcome.failure });
      return;
    }
    reference.submitted();
    setForm({ name: "", consent: false });
    setStage({ name: "done", voice: outcome.voice });
    onVoice(outcome.voice);
  };

  const words =
    stage.name === "busy" && stage.fraction < 1
      ? `Uploading, ${Math.round(stage.fraction * 100)}%`
      : "Cloning…";
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="mb-3 text-lg font-medium" id={`${id}-title`}>
        Voice
      </h2>
      <form className="space-y-4" onSubmit={(event) => void submit(event)}>
        <div>
          <label className="mb-1 block text-sm text-soft" htmlFor={`${id}-name`}>
            Name
          </label>
          <input
            autoComplete="off"
            className={fieldClass}
            id={`${id}-name`}
            // It counts in UTF-16, where a character is one or two; what is too long is told.
            maxLength={2 * LIMITS.max_voice_name_characters}
            onChange={(event) => setForm({ ...form, name: event.target.value })}
            value={form.name}
          />
        </div>
        <label className="flex min-h-11 items-center gap-2">
          <input
            checked={form.consent}
            className="size-4 shrink-0 accent-accent"
            onChange={(event) => setForm({ ...form, consent: event.target.checked })}
            type="checkbox"
          />
          This is my voice, or I may use it
        </label>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Button
            aria-describedby={`${id}-reason`}
            disabled={reason !== undefined || isBusy}
            type="submit"
            variant="primary"
          >
            Clone voice
          </Button>
          <span className="text-soft" id={`${id}-reason`}>
            {isBusy ? words : stage.name === "done" && !state.take ? null : reason}
          </span>
        </div>
        {isBusy ? (
          <ProgressBar fraction={stage.fraction < 1 ? stage.fraction : undefined} label={words} />
        ) : null}
      </form>
      <div className="not-empty:mt-4" role="status">
        {stage.name === "failed" ? (
          <FailureMessage failure={stage.failure} onSignIn={onSignIn} />
        ) : null}
        {stage.name === "done" && !state.take ? (
          <Message
            actions={
              <Button onClick={() => void playback.play(stage.voice)} variant="link">
                Listen to it
              </Button>
            }
            tone="plain"
          >
            {`“${stage.voice.name}” is ready. It is listed below.`}
          </Message>
        ) : null}
      </div>
    </Card>
  );
}
