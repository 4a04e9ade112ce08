/** Whether a recording has a voice: asked once a session is lost, and loaded once one begins. */
import { FRAME_SAMPLES } from "../audio/pcm";

/** One sample in so many is enough for an energy; a prime, so that no tone hides between them. */
const STRIDE = 13;
/** Energy of a frame below which it is no voice, -42 dBFS, as the bridge has it. */
const LOUD = (32_768 * 10 ** (-42 / 20)) ** 2;
/** A voice is so much louder than its softest frame: 6 dB. A steady noise is not. */
const ABOVE_SOFTEST = 4;
/** Frames in which the softest one is looked for, ten seconds, and those that make a voice. */
const LISTENED = 100;
const VOICED = 5;

/** The mean square of a frame around its mean. */
function energy(frame: Int16Array): number {
  let sum = 0;
  let squares = 0;
  let count = 0;
  for (let n = 0; n < frame.length; n += STRIDE) {
    const sample = frame[n] as number;
    sum += sample;
    squares += sample * sample;
    count += 1;
  }
  return squares / count - (sum / count) ** 2;
}

/** Whether half a second or more between two places is probably a voice. */
export function hasVoice(pcm: Int16Array, from: number, to: number): boolean {
  const energies: number[] = [];
  for (let at = to - FRAME_SAMPLES; at >= 0; at -= FRAME_SAMPLES) {
    if (at < from && energies.length >= LISTENED) break;
    energies.push(energy(pcm.subarray(at, at + FRAME_SAMPLES)));
  }
  const loud = Math.max(LOUD, ABOVE_SOFTEST * Math.min(...energies));
  const between = energies.slice(0, Math.max(0, Math.floor((to - from) / FRAME_SAMPLES)));
  return between.filter((each) => each > loud).length >= VOICED;
}
