/** A finished take: hear it, see what it is like, keep it or not. */
import { useId, useLayoutEffect, useRef } from "react";
import { isUsable, type Verdict } from "../audio/gate";
import { CoverageVerdicts } from "../pair/CoverageVerdicts";
import { TrimWaveform } from "../pair/TrimWaveform";
import { isTooLong } from "../take/take";
import { Button, ProgressBar } from "../ui/controls";
import { megabytes, percent } from "../ui/format";
import { CheckIcon, CrossIcon, NoteIcon } from "../ui/icons";
import { download } from "./ProblemMessage";
import { usePanelParts } from "./panels/use-panel-parts";
import type { ReferenceAudioState } from "./state";
import { verdictWords } from "./verdict-words";

export const MARKS = {
  good: { icon: <CheckIcon />, colour: "text-good" },
  fair: { icon: <NoteIcon />, colour: "text-fair" },
  bad: { icon: <CrossIcon />, colour: "text-bad" },
} as const;

export function Verdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  const { t } = usePanelParts();
  return (
    <ul className="grid gap-x-6 gap-y-1 sm:grid-cols-2">
      {verdicts.map((verdict) => (
        <li className="flex gap-2" key={verdict.aspect}>
          <span className={`mt-0.5 ${MARKS[verdict.grade].colour}`}>
            {MARKS[verdict.grade].icon}
          </span>
          <span>
            <span className="sr-only">{t(`take.${verdict.grade}`)}</span>
            <span>{verdictWords(t, verdict)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function TranscriptionProgress() {
  const { reference, state, t } = usePanelParts();
  const { transcription } = state;
  if (transcription.status !== "uploading" && transcription.status !== "transcribing") return null;
  const fraction = transcription.status === "uploading" ? transcription.fraction : undefined;
  const words =
    fraction === undefined
      ? t("transcript.transcribing")
      : t("take.uploading", { percent: percent(t.locale, fraction) });
  return (
    <div className="space-y-1">
      <div className="flex flex-wrap items-center justify-between gap-x-4">
        <span className="text-soft tabular-nums">{words}</span>
        <Button onClick={() => reference.cancelTranscription()} variant="link">
          {t("record.cancel")}
        </Button>
      </div>
      <ProgressBar fraction={fraction} label={words} />
    </div>
  );
}

/** Makes room for another take; this one stays in the tray. */
function AnotherButton({
  way,
  primary,
}: {
  readonly way: "redo" | "other";
  readonly primary: boolean;
}) {
  const { reference, t } = usePanelParts();
  const id = useId();
  const { isFull } = reference;
  return (
    <>
      <Button
        aria-describedby={isFull ? id : undefined}
        disabled={isFull}
        onClick={() => reference.another()}
        variant={primary ? "primary" : "secondary"}
      >
        {t(`take.${way}`)}
      </Button>
      {isFull ? (
        <span className="text-soft" id={id}>
          {t("tray.full")}
        </span>
      ) : null}
    </>
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
  const { reference, state, t } = usePanelParts();
  const { take, original = take, restored, kept } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    // The button that led here is gone: the focus goes to what took its place.
    if (document.activeElement === document.body && !restored) heading.current?.focus();
  }, [restored]);
  if (!take) return null;
  const isRecording = take.kind === "recording";
  const usable = isUsable(take.verdicts);
  const toTranscribe = canTranscribe(state, reference.services.config.enabled);
  // A recording has been listened to already, if only live; what is too long is cut first.
  const transcribeFirst = toTranscribe && (!isRecording || restored) && !isTooLong(take);
  const size = isRecording ? "" : ` · ${megabytes(t.locale, take.file.size)}`;
  return (
    <div className="appear space-y-4">
      <h3 className="font-medium wrap-anywhere" ref={heading} tabIndex={-1}>
        <span>{isRecording ? t("take.title") : take.file.name}</span>
        <span className="font-normal text-soft">{size}</span>
      </h3>
      {restored ? <p className="text-soft">{t("take.restored")}</p> : null}
      {take.pcm ? <TrimWaveform key={original?.id} take={take} /> : null}
      <Verdicts verdicts={take.verdicts} />
      {usable ? <CoverageVerdicts /> : null}
      {take.measurement === undefined && usable ? (
        <p className="text-soft">{t("take.unplayable")}</p>
      ) : null}
      {kept ? null : <p className="text-soft">{t("take.notKept")}</p>}
      <TranscriptionProgress />
      <div className="flex flex-wrap items-center gap-3">
        {toTranscribe ? (
          <Button
            onClick={() => void reference.transcribe()}
            variant={transcribeFirst ? "primary" : "secondary"}
          >
            {t("take.transcribe")}
          </Button>
        ) : null}
        <AnotherButton primary={!usable} way={isRecording ? "redo" : "other"} />
        {isRecording ? (
          <Button onClick={() => download(take.file)} variant="link">
            {t("take.download")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
