/** What the engine wants that a recording is made for: one set of figures from hint to verdict. */
import { PRESETS } from "../generated/constants";

export type Preset = (typeof PRESETS)[number];
export type PresetId = Preset["id"];

export const ANY_PRESET = PRESETS[0];

export function presetOf(id: PresetId | undefined): Preset {
  return PRESETS.find((preset) => preset.id === id) ?? ANY_PRESET;
}

/** Seconds between which the engine clones best. */
export function bestOf({ min_seconds, best_seconds }: Preset): {
  readonly from: number;
  readonly to: number;
} {
  return { from: min_seconds, to: best_seconds };
}
