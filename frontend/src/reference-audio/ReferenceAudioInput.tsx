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
import { Announcer } from "./Announcer";
import { RecordPanel } from "./RecordPanel";
import type { ReferenceAudio } from "./reference-audio";
import { isRecording, type Mode, type ReferenceAudioValue } from "./state";
import { TakePanel } from "./TakePanel";
import { TranscriptCard } from "./TranscriptCard";
import { UploadPanel } from "./UploadPanel";
import { PartsContext, useParts } from "./use-reference-audio";

/** Narrow, low, or both, as at 200% zoom: there is no room for more than the recording. */
const SMALL = "(max-width: 34rem), (max-height: 34rem)";

const MODES = [
  { key: "record", label: "Record" },
  { key: "upload", label: "Upload" },
] as const satisfies readonly { key: Mode; label: string }[];

export interface ReferenceAudioInputProps {
  /** From `useReferenceAudio`. */
  readonly reference: ReferenceAudio;
  /** Told after every change of what the page gets. */
  readonly onChange?: (value: ReferenceAudioValue) => void;
  /** Lets the person sign in; without it that way out is not offered. */
  readonly onSignIn?: () => void;
  /** Added to the root's own. */
  readonly className?: string;
}

/** The way to an end where the panel with the button has failed. */
function StopAnyway() {
  const { reference, state } = useParts();
  const { stage } = state.recorder;
  if (stage !== "recording" && stage !== "paused") return null;
  return (
    <Button onClick={() => void reference.stop()} variant="link">
      Stop recording
    </Button>
  );
}

export function ReferenceAudioInput({
  reference,
  onChange,
  onSignIn,
  className = "",
}: ReferenceAudioInputProps) {
  const state = useReadable(reference);
  const id = useId();
  const outer = useRef<HTMLDivElement>(null);
  const root = useRef<HTMLDivElement>(null);
  useScheme(outer);
  const booth = useMedia(SMALL) && isRecording(state.recorder.stage);
  useAlone(root, "[data-booth]", booth);
  const parts = useMemo(() => ({ reference, onSignIn, booth }), [reference, onSignIn, booth]);

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

  const busy = take !== undefined || state.inspecting || state.recorder.stage !== "idle";
  return (
    <PartsContext.Provider value={parts}>
      <div className={`utter ${className}`} ref={outer}>
        <div className="space-y-5" ref={root}>
          <Card labelledBy={id}>
            <Tabs
              disabled={busy}
              heading={
                <h2 className="text-lg font-medium" id={id}>
                  Reference audio
                </h2>
              }
              label="How to give the audio"
              onSelect={(mode) => reference.setMode(mode)}
              selected={state.mode}
              tabs={MODES}
            >
              <Boundary
                actions={<StopAnyway />}
                words="This part of the page failed. Your recording is kept."
              >
                {take ? <TakePanel key={take.kind} /> : null}
                {!take && state.mode === "record" ? <RecordPanel /> : null}
                {!take && state.mode === "upload" ? <UploadPanel /> : null}
              </Boundary>
            </Tabs>
          </Card>
          <Boundary words="The transcript cannot be shown just now. Your recording is kept.">
            <TranscriptCard />
          </Boundary>
          <Announcer />
        </div>
      </div>
    </PartsContext.Provider>
  );
}
