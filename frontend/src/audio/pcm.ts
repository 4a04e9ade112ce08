/** Samples as numbers: 16-bit PCM, decibels, and the rate of the live stream. */

/** Hertz of the live stream, as the realtime protocol wants it. */
export const STREAM_RATE = 16_000;
/** Samples of one frame of the live stream: 100 ms. */
export const FRAME_SAMPLES = 1600;
/** The highest rate a recording is kept at, in hertz. */
export const MAX_KEPT_RATE = 48_000;
/** What stands for silence where a logarithm would be minus infinity. */
export const FLOOR_DBFS = -96;

/** Full scale is 32768, as browsers decode, so that 16-bit audio comes back bit for bit. */
export function toInt16(sample: number): number {
  const scaled = Math.round(sample * 32_768);
  return scaled > 32_767 ? 32_767 : scaled < -32_768 ? -32_768 : scaled;
}

/** Decibels relative to full scale of an amplitude between 0 and 1. */
export function dbfs(amplitude: number): number {
  return amplitude > 0 ? Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude)) : FLOOR_DBFS;
}
