/** Reference audio for any page: record or upload it, and get it with its exact words. */
import { useEffect, useId, useLayoutEffect, useMemo, useRef } from "react";
import { useAlone } from "../ui/alone";
import { Boundary } from "../ui/boundary";
import { Button, Card } from "../ui/controls";
import { useReadable } from "../ui/hooks";
import { useKeepFocus } from "../ui/keep-focus";
import { useMedia } from "../ui/media";
import { useScheme } from "../ui/scheme";
import { Tabs } from "../ui/tabs";
import { LocaleContext, useCatalogue } from "../words/use-words";
import { usePanels, useTakePanels } from "./panels/use-panels";
import { RecordPanel } from "./RecordPanel";
import type { ReferenceAudio } from "./reference-audio";
import { isTaking, type Mode, type ReferenceAudioValue } from "./state";
import { TranscriptCard } from "./TranscriptCard";
import { type ComponentLabels, PartsContext, useParts } from "./use-reference-audio";
import { REFERENCE_WORDS } from "./words/catalogue";

/** Narrow, low, or both, as at 200% zoom: there is no room for more than the recording. */
const SMALL = "(max-width: 34rem), (max-height: 34rem)";

const MODES = ["record", "upload"] as const satisfies readonly Mode[];

export interface ReferenceAudioInputProps {
  /** From `useReferenceAudio`. */
  readonly reference: ReferenceAudio;
  /** Told after every change of what the page gets. */
  readonly onChange?: ((value: ReferenceAudioValue) => void) | undefined;
  /** Lets the person sign in; without it that way out is not offered. */
  readonly onSignIn?: (() => void) | undefined;
  /** What it says is in the language of this locale; of `LocaleContext`, or English, without one. */
  readonly locale?: string | undefined;
  /** Your own wording, by the keys of the messages. */
  readonly labels?: ComponentLabels | undefined;
  /** Added to the root's own. */
  readonly className?: string | undefined;
}

/** The way to an end where the panel with the button has failed. */
function StopAnyway() {
  const { reference, state, t } = useParts();
  const { stage } = state.recorder;
  if (stage !== "recording" && stage !== "paused") return null;
  return (
    <Button onClick={() => void reference.stop()} variant="link">
      {t("record.stop")}
    </Button>
  );
}

export function ReferenceAudioInput({
  reference,
  onChange,
  onSignIn,
  locale,
  labels,
  className = "",
}: ReferenceAudioInputProps) {
  const state = useReadable(reference);
  const id = useId();
  const outer = useRef<HTMLDivElement>(null);
  const root = useRef<HTMLDivElement>(null);
  useScheme(outer);
  const booth = useMedia(SMALL) && isTaking(state);
  useAlone(root, "[data-booth]", booth);
  const t = useCatalogue(REFERENCE_WORDS, { locale, labels });
  const panels = usePanels(t.locale, state.take ?? state.mode);
  const parts = useMemo(
    () => ({ reference, onSignIn, booth, t, labels, panels }),
    [reference, onSignIn, booth, t, labels, panels],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: the value is computed from the state.
  useEffect(() => {
    onChange?.(reference.value);
  }, [reference, state, onChange]);

  const { take } = state;
  const hadTake = useRef(false);
  useKeepFocus(root);
  useLayoutEffect(() => {
    // After a take is given up, what was pressed is gone: the focus goes to where the next begins.
    if (hadTake.current && !take && document.activeElement === document.body) {
      root.current?.querySelector<HTMLElement>("[data-record], [data-choose]")?.focus();
    }
    hadTake.current = take !== undefined;
  }, [take]);

  const isIdle = state.recorder.stage === "idle";
  const takes = useTakePanels(
    !isIdle || state.mode === "upload" || take !== undefined || state.tray.length > 0,
  );
  const hasTray = (state.tray.length > 0 || state.removed !== undefined) && !isTaking(state);
  const busy = take !== undefined || state.inspecting || !isIdle || isTaking(state);
  return (
    <LocaleContext.Provider value={t.locale}>
      <PartsContext.Provider value={parts}>
        <div className={`utter ${className}`} dir={t.direction} lang={t.language} ref={outer}>
          <div className="space-y-5" ref={root}>
            <Card labelledBy={id}>
              <Tabs
                disabled={busy}
                heading={
                  <h2 className="text-lg font-medium" id={id}>
                    {t("tabs.title")}
                  </h2>
                }
                label={t("tabs.label")}
                onSelect={(mode) => reference.setMode(mode)}
                selected={state.mode}
                tabs={MODES.map((key) => ({ key, label: t(`tabs.${key}`) }))}
              >
                <Boundary actions={<StopAnyway />} words={t("part.failed")}>
                  {take && takes ? <takes.TakePanel key={take.kind} /> : null}
                  {!take && state.mode === "record" ? <RecordPanel /> : null}
                  {!take && takes && state.mode === "upload" ? <takes.UploadPanel /> : null}
                  {isTaking(state) || !panels ? null : <panels.PresetChoice />}
                  {takes && hasTray ? <takes.TakeTray /> : null}
                </Boundary>
              </Tabs>
            </Card>
            <Boundary words={t("transcript.failed")}>
              <TranscriptCard />
            </Boundary>
            {panels ? <panels.Announcer /> : null}
          </div>
        </div>
      </PartsContext.Provider>
    </LocaleContext.Provider>
  );
}
