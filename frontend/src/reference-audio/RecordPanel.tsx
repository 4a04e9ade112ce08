/** Recording: the text to read, one button, and how it goes. */
import { Button } from "../ui/controls";
import { minutes } from "../ui/format";
import { MicrophoneIcon, PauseIcon, StopIcon } from "../ui/icons";
import { LevelMeter } from "./LevelMeter";
import { LineChip } from "./LineChip";
import { LiveWords } from "./LiveWords";
import { MicrophonePicker } from "./MicrophonePicker";
import { ProblemMessage } from "./ProblemMessage";
import { liveProblem, sourceProblem } from "./problems";
import { ReadAloud } from "./ReadAloud";
import { type ReferenceAudioState, WARNING_SECONDS } from "./state";
import { useParts } from "./use-reference-audio";
import { LiveWaveform } from "./Waveform";

/** Seconds for which the room's verdict stays before the length takes its place. */
const ROOM_WORDS_UNTIL = 5;

/** One sentence about how the take goes. */
export function recordingHint(state: ReferenceAudioState, maxSeconds: number): string {
  const { room, seconds, silent, stage } = state.recorder;
  const { secondsLeft } = state.live;
  if (stage === "paused") return "Nothing is recorded while you pause.";
  if (silent) return "We hear nothing. Is the microphone muted?";
  if (maxSeconds - seconds <= WARNING_SECONDS) return `${maxSeconds - seconds} seconds left`;
  if (secondsLeft !== undefined && maxSeconds - seconds > 2 * WARNING_SECONDS) {
    return "Live words end soon: today's minutes are nearly used up. The recording goes on.";
  }
  if (room === "checking") return "Listening to your room for a second…";
  if (room && seconds < ROOM_WORDS_UNTIL) {
    return {
      quiet: "Your room is quiet. Read aloud now.",
      noisy: "There is noise: a fan? a window?",
      dead: "We hear nothing. Is the microphone muted?",
    }[room];
  }
  if (seconds < 10) return "Good length from 10 to 20 seconds";
  if (seconds <= 20) return "Good length from here to 20 s";
  return "Long enough. Longer is not better.";
}

/** The same element from start to stop, so that the focus stays on it. */
function RecordButton() {
  const { reference, state } = useParts();
  const { stage } = state.recorder;
  const isIdle = stage === "idle";
  const label = isIdle ? "Start recording" : stage === "opening" ? "Cancel" : "Stop recording";
  const act = () => {
    if (isIdle) void reference.record();
    else if (stage === "opening") reference.discard();
    else void reference.stop();
  };
  return (
    <button
      className="group row-span-2 flex flex-col items-center gap-1.5 rounded-xl py-1"
      data-record
      disabled={stage === "stopping" || reference.services.source.unavailable !== undefined}
      onClick={act}
      type="button"
    >
      <span className="grid size-16 place-items-center rounded-full bg-accent text-on-accent group-hover:bg-accent-strong group-disabled:bg-edge forced-colors:border-3">
        {isIdle ? <MicrophoneIcon size={28} /> : <StopIcon size={28} />}
      </span>
      <span className="text-sm font-medium whitespace-nowrap">{label}</span>
    </button>
  );
}

function Progress() {
  const { reference, state } = useParts();
  const { stage, seconds } = state.recorder;
  const paused = stage === "paused";
  return (
    <>
      <span className="self-end text-4xl font-light tabular-nums" translate="no">
        {minutes(seconds)}
      </span>
      <Button
        className="justify-self-start sm:col-start-3 sm:row-span-2 sm:row-start-1"
        disabled={stage === "stopping"}
        onClick={() => void (paused ? reference.resume() : reference.pause())}
      >
        {paused ? <MicrophoneIcon /> : <PauseIcon />}
        <span>{paused ? "Go on" : "Pause"}</span>
      </Button>
      {/* Room of its own, so that longer words move nothing. */}
      <div className="col-span-2 sm:col-span-1 sm:col-start-2 sm:row-start-2 sm:self-start">
        <LineChip />
      </div>
    </>
  );
}

function Idle() {
  const { stage } = useParts().state.recorder;
  if (stage === "opening")
    return <p className="row-span-2 text-soft">Waiting for the microphone…</p>;
  return <p className="row-span-2 text-soft">10 to 20 seconds clone best.</p>;
}

export function RecordPanel() {
  const { reference, state, isAnonymous } = useParts();
  const { stage, silent } = state.recorder;
  const { config, source } = reference.services;
  const fault = source.unavailable ?? state.recorder.fault;
  const isRunning = stage === "recording" || stage === "paused" || stage === "stopping";
  const problem = isRunning ? liveProblem(state.live, isAnonymous) : undefined;
  return (
    <div className="space-y-5">
      <ReadAloud />
      {/* The next thing to do stays in view, however long the text to read is. */}
      <div className="sticky bottom-0 z-10 -mx-4 grid grid-cols-[7rem_1fr] items-center gap-x-4 gap-y-2 bg-card px-4 py-2 sm:-mx-6 sm:grid-cols-[7rem_1fr_auto] sm:gap-x-6 sm:gap-y-1 sm:px-6">
        <RecordButton />
        {isRunning ? <Progress /> : <Idle />}
      </div>
      {isRunning ? null : <MicrophonePicker />}
      {fault ? <ProblemMessage problem={sourceProblem(fault)} /> : null}
      {isRunning ? (
        <>
          <div className="space-y-2">
            <LiveWaveform meter={reference.recorder.meter} running={stage === "recording"} />
            <LevelMeter meter={reference.recorder.meter} running={stage === "recording"} />
            <p className="text-soft">{recordingHint(state, config.limits.max_seconds)}</p>
          </div>
          {silent || stage === "paused" ? <MicrophonePicker /> : null}
          {problem ? <ProblemMessage problem={problem} /> : null}
          {config.enabled && config.realtime_enabled ? (
            <LiveWords />
          ) : (
            <p className="text-soft">
              {config.enabled
                ? "The words come when you stop."
                : "Transcription is off; type what you said when you stop."}
            </p>
          )}
        </>
      ) : null}
    </div>
  );
}
