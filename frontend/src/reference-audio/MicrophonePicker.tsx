/** Which microphone, where there is a choice. */
import { useEffect, useId } from "react";
import { useMicrophones } from "../dictation/hooks";
import { fieldClass } from "../ui/controls";
import { useParts } from "./use-reference-audio";

export function MicrophonePicker() {
  const { reference, state, t } = useParts();
  const id = useId();
  const { microphones, refresh } = useMicrophones();
  const { stage, fault } = state.recorder;
  const isIdle = stage === "idle";
  // biome-ignore lint/correctness/useExhaustiveDependencies: names are known once the page has recorded.
  useEffect(refresh, [isIdle]);
  useEffect(() => {
    // It was not there, and now it is.
    if (fault === "missing" && microphones.length > 0) reference.recorder.forgive();
  }, [fault, microphones, reference]);
  const choices = microphones.filter((each) => each.id);
  if (choices.length < 2) return null;
  const chosen = choices.some((each) => each.id === state.deviceId) ? state.deviceId : "";
  return (
    <div className="min-w-0">
      <label className="mb-1 block text-sm text-soft" htmlFor={id}>
        {t("microphone.label")}
      </label>
      <select
        className={fieldClass}
        disabled={stage === "opening"}
        id={id}
        onChange={(event) => reference.setDevice(event.target.value || undefined)}
        value={chosen}
      >
        <option value="">{t("microphone.default")}</option>
        {choices.map((microphone, at) => (
          <option key={microphone.id} value={microphone.id}>
            {microphone.label || t("microphone.nth", { n: at + 1 })}
          </option>
        ))}
      </select>
    </div>
  );
}
