/** Before a take: which microphone, and, for those who ask, how it sounds. */
import { Button } from "../ui/controls";
import { CheckIcon, NoteIcon } from "../ui/icons";
import { LevelMeter } from "./LevelMeter";
import { MicrophonePicker } from "./MicrophonePicker";
import { SourceProblem } from "./ProblemMessage";
import { usePanelParts } from "./panels/use-panel-parts";
import { checkWords } from "./verdict-words";

function Verdict() {
  const { state, t } = usePanelParts();
  const { check } = state;
  if (!check?.open) return null;
  const { verdict } = check;
  if (!verdict) return <p className="text-soft">{t("check.speak")}</p>;
  const isGreat = verdict === "great";
  return (
    <p className="flex gap-2">
      <span className={`mt-0.5 ${isGreat ? "text-good" : "text-fair"}`}>
        {isGreat ? <CheckIcon /> : <NoteIcon />}
      </span>
      <span>{checkWords(t, verdict)}</span>
    </p>
  );
}

export function MicrophoneSetup() {
  const { reference, state, t } = usePanelParts();
  const { check, recorder, countsDown } = state;
  const { source } = reference.services;
  const fault = source.unavailable ?? recorder.fault ?? check?.fault;
  const isOn = check !== undefined && check.fault === undefined;
  const meter = reference.checkMeter;
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        <div className="min-w-0 grow basis-56 empty:hidden">
          <MicrophonePicker />
        </div>
        {isOn && meter ? (
          <div className="flex min-h-11 min-w-0 grow basis-56 items-center">
            <LevelMeter meter={meter} running={true} />
          </div>
        ) : null}
        {source.unavailable || recorder.stage !== "idle" ? null : (
          <Button
            onClick={() => (isOn ? reference.endCheck() : void reference.check())}
            variant="link"
          >
            {t(isOn ? "check.end" : "check.begin")}
          </Button>
        )}
      </div>
      {isOn ? (
        <>
          <Verdict />
          <label className="flex min-h-11 items-center gap-2">
            <input
              checked={countsDown}
              className="size-4 shrink-0 accent-accent"
              onChange={({ target }) => reference.setCountsDown(target.checked)}
              type="checkbox"
            />
            <span>{t("check.countdown")}</span>
          </label>
        </>
      ) : null}
      {fault ? <SourceProblem fault={fault} /> : null}
    </div>
  );
}
