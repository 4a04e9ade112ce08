/** Where someone speaks in a take, and where not; measured once. */
import { type Levels, levelsOf, stretchesOf } from "../match/levels";
import type { Pcm, Stretch } from "../take/take";

const measured = new WeakMap<Pcm, Levels>();

export function levelsIn(pcm: Pcm): Levels {
  const levels = measured.get(pcm) ?? levelsOf(pcm.blocks, pcm.rate);
  measured.set(pcm, levels);
  return levels;
}

export function voiceIn(pcm: Pcm): Stretch[] {
  return stretchesOf(levelsIn(pcm)).map(({ start, end }) => ({ from: start, to: end }));
}

/** What lies before, between and after the voice. */
export function pausesIn(pcm: Pcm): Stretch[] {
  const pauses: Stretch[] = [];
  let from = 0;
  for (const voice of [...voiceIn(pcm), { from: levelsIn(pcm).seconds, to: 0 }]) {
    if (voice.from > from) pauses.push({ from, to: voice.from });
    from = voice.to;
  }
  return pauses;
}
