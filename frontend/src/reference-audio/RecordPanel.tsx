/** Recording: the text to read, one button, and how it goes. */
import { type RefObject, useRef, useState } from "react";
import { bestOf, presetOf } from "../audio/presets";
import { Button } from "../ui/controls";
import { minutes } from "../ui/format";
import { MicrophoneIcon, PauseIcon, StopIcon, WordsIcon } from "../ui/icons";
import { LineChip } from "./LineChip";
import { MicrophonePicker } from "./MicrophonePicker";
import { ReadAloud } from "./ReadAloud";
import { isTaking, type ReferenceAudioState, WARNING_SECONDS } from "./state";
import { useParts } from "./use-reference-audio";
import type { ReferenceWords } from "./words/catalogue";

/** Seconds for which the room's verdict stays before the length takes its place. */
const ROOM_WORDS_UNTIL = 5;

/** One sentence about how the take goes. */
export function recordingHint(
  t: ReferenceWords,
  state: ReferenceAudioState,
  maxSeconds: number,
): string {
  const { room, seconds, silent, stage, level } = state.recorder;
  const { secondsLeft } = state.live;
  if (stage === "idle") return t("record.idle", bestOf(presetOf(state.preset)));
  if (stage === "paused") return t("hint.paused");
  if (silent) return t("hint.silent");
  if (maxSeconds - seconds <= WARNING_SECONDS)
    return t("hint.left", { count: maxSeconds - seconds });
  if (secondsLeft !== undefined && maxSeconds - seconds > 2 * WARNING_SECONDS) {
    return t("hint.wordsEnd");
  }
  if (level) return t(level === "loud" ? "hint.loud" : "hint.tooQuiet");
  if (room === "checking") return t("hint.checking");
  if (room && seconds < ROOM_WORDS_UNTIL)
    return t(room === "dead" ? "hint.silent" : `hint.${room}`);
  const best = bestOf(presetOf(state.preset));
  if (seconds < best.from) return t("hint.short", best);
  if (seconds <= best.to) return t("hint.good");
  return t("hint.long");
}

/** A button in the slim bar: 44 px whatever the root's font. */
const slim = "size-[44px] min-h-0! shrink-0 px-0!";

/** The same element from start to stop, so that the focus stays on it. */
function RecordButton() {
  const { reference, state, booth, t } = useParts();
  const { stage } = state.recorder;
  const isEarly = stage === "opening" || state.countdown !== undefined;
  const isIdle = stage === "idle" && !isEarly;
  const label = t(isIdle ? "record.start" : isEarly ? "record.cancel" : "record.stop");
  const act = () => {
    if (isIdle) void reference.record();
    else if (isEarly) reference.discard();
    else void reference.stop();
  };
  return (
    <button
      className={`group row-span-2 flex flex-col items-center gap-1.5 rounded-xl ${booth ? "shrink-0 p-1" : "min-w-28 py-1"}`}
      data-record
      disabled={stage === "stopping" || reference.services.source.unavailable !== undefined}
      onClick={act}
      type="button"
    >
      <span
        className={`grid place-items-center rounded-full bg-accent text-on-accent group-hover:bg-accent-strong group-disabled:bg-edge forced-colors:border-3 ${booth ? "size-[48px]" : "size-16"}`}
      >
        {isIdle ? <MicrophoneIcon size={28} /> : <StopIcon size={booth ? 24 : 28} />}
      </span>
      <span className={booth ? "sr-only" : "text-sm font-medium whitespace-nowrap"}>{label}</span>
    </button>
  );
}

function PauseButton() {
  const { reference, state, booth, t } = useParts();
  const { stage } = state.recorder;
  const paused = stage === "paused";
  const words = t(paused ? "record.resume" : "record.pause");
  return (
    <Button
      aria-label={booth ? words : undefined}
      className={booth ? slim : "justify-self-start sm:col-start-3 sm:row-span-2 sm:row-start-1"}
      disabled={stage === "stopping" || state.countdown !== undefined}
      onClick={() => void (paused ? reference.resume() : reference.pause())}
    >
      {paused ? <MicrophoneIcon /> : <PauseIcon />}
      {booth ? null : <span>{words}</span>}
    </Button>
  );
}

function Time({ className }: { readonly className: string }) {
  const { countdown, recorder } = useParts().state;
  return (
    <span className={`tabular-nums ${className}`} translate="no">
      {countdown ? String(countdown) : minutes(recorder.seconds)}
    </span>
  );
}

/** How the line is, once there is one. */
function Line({ bare = false }: { readonly bare?: boolean }) {
  const { state, t } = useParts();
  if (state.countdown === undefined) return <LineChip bare={bare} />;
  return <span className={bare ? "text-xs" : "text-soft"}>{t("record.ready")}</span>;
}

function Progress() {
  return (
    <>
      <Time className="self-end text-4xl font-light" />
      <PauseButton />
      {/* Room of its own, so that longer words move nothing. */}
      <div className="col-span-2 sm:col-span-1 sm:col-start-2 sm:row-start-2 sm:self-start">
        <Line />
      </div>
    </>
  );
}

/** What a small screen has beside the button: one line of figures, one of words. */
function BoothProgress() {
  const { reference, state, panels } = useParts();
  return (
    <>
      <div className="min-w-0 grow space-y-0.5">
        <div className="flex items-center gap-2">
          <Time className="text-lg/6" />
          {panels ? (
            <panels.LevelMeter
              bare={true}
              meter={reference.recorder.meter}
              running={state.recorder.stage === "recording"}
            />
          ) : null}
        </div>
        <Line bare={true} />
      </div>
      <PauseButton />
    </>
  );
}

function Idle() {
  const { state, t } = useParts();
  const opening = state.recorder.stage === "opening";
  return (
    <p className="min-w-0 flex-1 basis-28 text-soft">
      {opening ? t("dictation.opening") : t("record.idle", bestOf(presetOf(state.preset)))}
    </p>
  );
}

/** The words as they come, or why none do. */
function Words() {
  const { reference, panels, t } = useParts();
  const { config } = reference.services;
  if (config.enabled && config.realtime_enabled) return panels ? <panels.LiveWords /> : null;
  return <p className="text-soft">{t(config.enabled ? "record.wordsLater" : "record.off")}</p>;
}

/** How the take goes, in one sentence, and what is wrong, if anything is. */
function Remarks() {
  const { reference, state, panels, t } = useParts();
  const { stage, silent, fault } = state.recorder;
  return (
    <>
      <p className="text-soft">
        {recordingHint(t, state, reference.services.config.limits.max_seconds)}
      </p>
      {silent || stage === "paused" ? <MicrophonePicker /> : null}
      {fault && panels ? <panels.SourceProblem fault={fault} /> : null}
      {panels ? <panels.LiveProblem /> : null}
    </>
  );
}

/** Where the screen is small: the text to read, and beside it, one swipe or key away, the words. */
function Panes({
  panes,
  onSwap,
}: {
  readonly panes: RefObject<HTMLDivElement | null>;
  readonly onSwap: (atWords: boolean) => void;
}) {
  const pane = "flex w-full shrink-0 snap-start flex-col overflow-y-auto overscroll-contain px-4";
  return (
    <div
      className="flex min-h-0 grow snap-x snap-mandatory overflow-x-auto"
      onScroll={({ currentTarget: { scrollLeft, clientWidth } }) =>
        onSwap(Math.abs(scrollLeft) > clientWidth / 2)
      }
      ref={panes}
    >
      <div className={pane}>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pt-2 text-sm">
          <Remarks />
        </div>
        <ReadAloud />
      </div>
      <div className={`${pane} py-4`}>
        <Words />
      </div>
    </div>
  );
}

export function RecordPanel() {
  const { reference, state, booth, panels, t } = useParts();
  const { stage } = state.recorder;
  const isRunning = isTaking(state);
  const running = stage === "recording";
  const panes = useRef<HTMLDivElement>(null);
  const [atWords, setAtWords] = useState(false);
  const swap = () =>
    panes.current?.children[atWords ? 0 : 1]?.scrollIntoView({ block: "nearest", inline: "start" });
  return (
    <div
      className={booth ? "fixed inset-0 z-[2147483000] flex flex-col bg-card" : "space-y-5"}
      data-booth={booth ? "" : undefined}
    >
      {booth ? <Panes onSwap={setAtWords} panes={panes} /> : <ReadAloud />}
      {/* The next thing to do stays in view, however long the text to read is. */}
      <div
        className={
          booth
            ? "flex min-h-[64px] shrink-0 items-center gap-2 border-t border-line px-2"
            : `sticky bottom-0 z-10 -mx-4 items-center gap-x-4 gap-y-2 bg-card px-4 py-2 sm:-mx-6 sm:gap-x-6 sm:gap-y-1 sm:px-6 ${
                isRunning
                  ? "grid grid-cols-[7rem_1fr] sm:grid-cols-[7rem_1fr_auto]"
                  : "flex flex-wrap"
              }`
        }
      >
        <RecordButton />
        {booth ? <BoothProgress /> : isRunning ? <Progress /> : <Idle />}
        {booth ? (
          <Button
            aria-label={t(atWords ? "record.text" : "live.label")}
            className={slim}
            data-swap
            onClick={swap}
          >
            <WordsIcon />
          </Button>
        ) : null}
      </div>
      {isRunning || !panels ? null : <panels.MicrophoneSetup />}
      {isRunning && !booth ? (
        <>
          {panels ? (
            <div className="space-y-2">
              <panels.LiveWaveform meter={reference.recorder.meter} running={running} />
              <panels.LevelMeter meter={reference.recorder.meter} running={running} />
            </div>
          ) : null}
          <Remarks />
          <Words />
        </>
      ) : null}
    </div>
  );
}
