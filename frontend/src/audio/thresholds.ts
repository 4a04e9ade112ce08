/**
 * What counts as good, in one place: what the meter calls good, the verdict calls good. From what
 * cloning engines ask of reference audio.
 */

/** Speech under this is too quiet, dBFS (RMS of what is speech). */
export const QUIET_DBFS = -35;
/** A room over this is noisy, dBFS. */
export const NOISY_DBFS = -50;
/** A voice stands at least this far above its room, decibels. */
export const LOW_SNR_DB = 20;
export { CLIP_LEVEL, CLIP_RUN } from "../generated/levels";
/** Decibels by which the meter is stricter than the verdict, which hears the whole. */
export const METER_MARGIN_DB = 3;
