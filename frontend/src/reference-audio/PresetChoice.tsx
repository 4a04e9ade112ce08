/** What recordings are made for, where a deployment leaves the choice. */
import { useId } from "react";
import type { PresetId } from "../audio/presets";
import { PRESETS } from "../generated/constants";
import { usePanelParts } from "./panels/use-panel-parts";

export function PresetChoice() {
  const { reference, state, t } = usePanelParts();
  const id = useId();
  if (!reference.services.config.reference_preset_choice) return null;
  return (
    <div className="mt-4 flex flex-wrap items-center gap-2">
      <label className="text-sm text-soft" htmlFor={id}>
        {t("preset.label")}
      </label>
      <select
        className="min-h-11 rounded-xl border border-edge bg-card px-3 py-2"
        id={id}
        onChange={({ target }) => reference.setPreset(target.value as PresetId)}
        value={state.preset}
      >
        {PRESETS.map((preset) => (
          <option key={preset.id} value={preset.id}>
            {preset.id === "any" ? t("preset.any") : preset.title}
          </option>
        ))}
      </select>
    </div>
  );
}
