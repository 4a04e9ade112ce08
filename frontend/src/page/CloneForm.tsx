/** Name, consent, and the one button that everything leads to. */
import { type FormEvent, lazy, Suspense, useId, useRef, useState } from "react";
import {
  type CallFailure,
  LIMITS,
  percent,
  type ReferenceAudio,
  type Scope,
  type Voice,
} from "../index";
import {
  Button,
  Card,
  fieldClass,
  Message,
  ProgressBar,
  useFaultWords,
  useReadable,
  useScope,
} from "../react";
import { clone, whyNot } from "./clone";
import type { Playback } from "./playback";
import { useWords } from "./use-words";

const Ending = lazy(async () => ({ default: (await import("./Ending")).Ending }));

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
  const t = useWords();
  const { code, reason, detail } = failure;
  const why = useFaultWords({ code, reason, message: detail }) ?? detail;
  const isOut = ["signed_out", "token_expired", "unauthenticated"].includes(code);
  if (isOut || code === "sign_in_failed") {
    return (
      <Message
        actions={
          <Button onClick={onSignIn} variant="link">
            {t("out.sign-in")}
          </Button>
        }
      >
        {isOut ? t("problem.signedOut") : t("clone.signInFailed", { why })}
      </Message>
    );
  }
  if (code === "text_mismatch") return <Message>{t("clone.mismatch", { why: detail })}</Message>;
  const known = code !== "unreachable" && code !== "internal";
  return <Message>{known ? t("clone.refused", { why }) : t("clone.failed")}</Message>;
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
  const t = useWords();
  const state = useReadable(reference);
  const id = useId();
  const [form, setForm] = useState({ name: "", consent: false });
  const [stage, setStage] = useState<Stage>({ name: "ready" });
  const reason = whyNot(t, reference.value, state, form);
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
      ? t("take.uploading", { percent: percent(t.locale, stage.fraction) })
      : t("clone.busy");
  if (stage.name === "done" && !state.take && state.recorder.stage === "idle") {
    const another = () => {
      setStage({ name: "ready" });
      const next = document.querySelector<HTMLElement>("[data-record], [data-choose]");
      next?.scrollIntoView?.({ block: "center" });
      next?.focus();
    };
    return (
      <Card labelledBy={`${id}-ready`}>
        <Suspense>
          <Ending
            onAnother={another}
            playback={playback}
            services={reference.services}
            titleId={`${id}-ready`}
            voice={stage.voice}
          />
        </Suspense>
      </Card>
    );
  }
  return (
    <Card labelledBy={`${id}-title`}>
      <h2 className="mb-3 text-lg font-medium" id={`${id}-title`}>
        {t("clone.title")}
      </h2>
      <form className="space-y-4" onSubmit={(event) => void submit(event)}>
        <div>
          <label className="mb-1 block text-sm text-soft" htmlFor={`${id}-name`}>
            {t("clone.name")}
          </label>
          <input
            autoComplete="off"
            className={fieldClass}
            id={`${id}-name`}
            // It counts in UTF-16, where a character is one or two; a message says what is too long.
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
          {t("clone.consent")}
        </label>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Button
            aria-describedby={`${id}-reason`}
            disabled={reason !== undefined || isBusy}
            type="submit"
            variant="primary"
          >
            {t("clone.submit")}
          </Button>
          <span className="text-soft" id={`${id}-reason`}>
            {isBusy ? words : reason}
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
      </div>
    </Card>
  );
}
