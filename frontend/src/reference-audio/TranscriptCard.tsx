/** The transcript: always editable, never overwritten behind the person's back. */
import { lazy, Suspense, useId, useLayoutEffect, useState } from "react";
import { LIMITS } from "../generated/constants";
import { Button, Card, fieldClass, Message } from "../ui/controls";
import { languageName } from "../ui/format";
import { abilities } from "./abilities";
import type { ReferenceAudioState } from "./state";
import { useParts } from "./use-reference-audio";
import type { ReferenceWords } from "./words/catalogue";

const PlayableTranscript = lazy(() =>
  import("../pair/PlayableTranscript").then(
    ({ PlayableTranscript }) => ({ default: PlayableTranscript }),
    () => ({ default: () => null }), // offline, the text is still there to be written
  ),
);
const Comparison = lazy(async () => ({ default: (await import("./Comparison")).Comparison }));

/** Where the text in the box stands, in a word or two. */
export function transcriptStatus(
  t: ReferenceWords,
  { transcript, recorder }: ReferenceAudioState,
): string {
  if (recorder.stage === "recording" || recorder.stage === "paused") return t("transcript.draft");
  // There is nothing to improve before the first words.
  if (transcript.activity === "improving") {
    return t(transcript.text ? "transcript.improving" : "transcript.transcribing");
  }
  if (transcript.edited) return t("transcript.edited");
  if (transcript.final !== undefined) return t("transcript.final");
  return transcript.draft ? t("transcript.draft") : "";
}

function LanguageSelect() {
  const { reference, state, t } = useParts();
  const id = useId();
  const { languages } = abilities(reference.services.config, state.models);
  const heard = languages.find(({ code }) => code === state.detectedLanguage);
  const detected = heard && languageName(t.locale, heard.code, heard.name);
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-2">
      <label className="text-sm text-soft" htmlFor={id}>
        {t("transcript.language")}
      </label>
      <select
        className="min-h-11 max-w-[min(14rem,100%)] rounded-xl border border-edge bg-card px-3 py-2"
        disabled={state.recorder.stage !== "idle"}
        id={id}
        onChange={(event) => reference.setLanguage(event.target.value)}
        value={state.language}
      >
        <option value="auto">
          {detected ? t("transcript.detected", { language: detected }) : t("transcript.auto")}
        </option>
        {languages.map(({ code, name }) => (
          <option key={code} value={code}>
            {languageName(t.locale, code, name)}
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
  area,
  onArea,
}: {
  readonly id: string;
  readonly describedBy: string;
  readonly area: HTMLTextAreaElement | null;
  readonly onArea: (area: HTMLTextAreaElement | null) => void;
}) {
  const { reference, state, t } = useParts();
  const { text } = state.transcript;
  const { enabled } = reference.services.config;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useLayoutEffect(() => {
    if (!area) return;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [area, text]);
  return (
    <textarea
      aria-describedby={describedBy}
      className={`${fieldClass} block resize-none text-lg/7`}
      dir="auto"
      id={id}
      // It counts in UTF-16, where a character is one or two; a message says what is too long.
      maxLength={2 * LIMITS.max_transcript_characters}
      onChange={(event) => reference.edit(event.target.value)}
      placeholder={t(enabled ? "transcript.placeholder" : "transcript.typePlaceholder")}
      ref={onArea}
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
  const { reference, t } = useParts();
  return (
    <Message
      actions={
        <>
          <Button aria-expanded={compared} onClick={onCompare} variant="link">
            {t("offer.compare")}
          </Button>
          <Button onClick={() => reference.acceptOffer()} variant="link">
            {t("offer.use")}
          </Button>
          <Button onClick={() => reference.dismissOffer()} variant="link">
            {t("offer.keep")}
          </Button>
        </>
      }
      tone="plain"
    >
      {t("offer.ready")}
    </Message>
  );
}

export function TranscriptCard() {
  const { reference, state, panels, t } = useParts();
  const id = useId();
  const [compared, setCompared] = useState(false);
  const [area, setArea] = useState<HTMLTextAreaElement | null>(null);
  const [behind, setBehind] = useState<HTMLElement | null>(null);
  const { transcript, transcription, recorder, take } = state;
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
          <label htmlFor={`${id}-text`}>{t("transcript.title")}</label>
          <span className="ms-3 inline-block text-sm font-normal text-soft" data-transcript-status>
            {transcriptStatus(t, state)}
          </span>
        </h2>
        <LanguageSelect />
      </div>
      {recording ? (
        <p className="text-soft">{t("transcript.later")}</p>
      ) : (
        <div className="space-y-3">
          {enabled ? null : <p>{t("transcript.off")}</p>}
          {panels ? <panels.TranscriptionProblem /> : null}
          {offered ? <Offer compared={compared} onCompare={() => setCompared(!compared)} /> : null}
          {take && area && behind ? (
            <Suspense>
              <PlayableTranscript area={area} behind={behind} take={take} />
            </Suspense>
          ) : null}
          <div style={{ position: "relative" }}>
            <div aria-hidden="true" ref={setBehind} />
            <GrowingTextArea
              area={area}
              describedBy={`${id}-help`}
              id={`${id}-text`}
              onArea={setArea}
            />
          </div>
          {comparable && !offered ? (
            <Button aria-expanded={compared} onClick={() => setCompared(!compared)} variant="link">
              {t(compared ? "compare.hide" : "compare.show")}
            </Button>
          ) : null}
          {comparable && compared ? (
            <Suspense>
              <Comparison
                after={final}
                before={offered ? text : draft}
                caption={t(offered ? "compare.fromYours" : "compare.fromDraft")}
              />
            </Suspense>
          ) : null}
          {warnings.map((warning) => (
            <p className="text-sm text-soft" key={warning}>
              {warning}
            </p>
          ))}
          <p className="text-sm text-soft" id={`${id}-help`}>
            {t("transcript.help")}
          </p>
          {panels && enabled && contextBias !== "none" ? <panels.BiasTerms /> : null}
          {panels && enabled ? <panels.Advanced /> : null}
        </div>
      )}
    </Card>
  );
}
