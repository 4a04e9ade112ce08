/** A take as it was, from what the browser's database has kept of it. */

import { lengthLimits } from "../audio/gate";
import { measure } from "../audio/measure";
import type { Preset } from "../audio/presets";
import type { AudioLimits } from "../generated/protocol";
import { recordedTake, type Take } from "./take";
import type { StoredTake } from "./take-store";

/** Loads when it is needed: few takes are files. */
export const inspection = () => import("./inspect");

/** Undefined when it cannot be used any more: the limits have changed, or the file is unreadable. */
export async function rebuildTake(
  { id, file, blocks, rate, name }: StoredTake,
  limits: AudioLimits,
  preset?: Preset,
): Promise<Take | undefined> {
  if (!file) {
    const recorded = { pcm: { blocks, rate }, measurement: measure(blocks, rate) };
    return recordedTake(id, recorded, name, lengthLimits(limits, preset));
  }
  try {
    const { inspectFile } = await inspection();
    return { ...(await inspectFile(file, limits, preset)), id };
  } catch {
    return undefined;
  }
}
