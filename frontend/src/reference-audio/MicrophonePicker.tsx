/** Which microphone, where there is a choice. */
import { useId, useState } from "react";
import { type Microphone, Microphones } from "../audio/devices";
import { fieldClass } from "../ui/controls";
import { useScope } from "../ui/hooks";
import { useParts } from "./use-reference-audio";

export function MicrophonePicker() {
  const { reference, state } = useParts();
  const id = useId();
  const [microphones, setMicrophones] = useState<readonly Microphone[]>([]);
  const { stage } = state.recorder;
  useScope(
    (scope) => {
      const devices = new Microphones(scope);
      scope.add(devices.subscribe(() => setMicrophones(devices.getSnapshot())));
    },
    // Names are told once the page has recorded: look again then.
    [stage === "idle"],
  );
  if (microphones.length < 2) return null;
  const chosen = microphones.some((each) => each.id === state.deviceId) ? state.deviceId : "";
  return (
    <div className="min-w-0">
      <label className="mb-1 block text-sm text-soft" htmlFor={id}>
        Microphone
      </label>
      <select
        className={fieldClass}
        disabled={stage === "recording" || stage === "opening"}
        id={id}
        onChange={(event) => reference.setDevice(event.target.value || undefined)}
        value={chosen}
      >
        <option value="">System default</option>
        {microphones.map((microphone) => (
          <option key={microphone.id} value={microphone.id}>
            {microphone.label}
          </option>
        ))}
      </select>
    </div>
  );
}
