/** The take as a part of what is played: one sound for waveform and transcript. */
import { useMemo } from "react";
import type { ReferenceAudioState } from "../reference-audio/state";
import { useParts } from "../reference-audio/use-reference-audio";
import { playbackOf } from "../take/playback";
import type { Take } from "../take/take";
import { useReadable } from "../ui/hooks";
import { useCatalogue } from "../words/use-words";
import { PAIR_WORDS } from "./words/catalogue";

export type TakePart = ReturnType<typeof useTakePart>;

export function useTakePart({ original, cut }: ReferenceAudioState, take: Take) {
  /** What is played: the take before any cut. */
  const whole = original ?? take;
  const playback = playbackOf(whole);
  const state = useReadable(playback);
  /** Seconds of the whole. */
  const total = whole.seconds ?? 0;
  /** The take within the whole. */
  const part = useMemo(() => cut ?? { from: 0, to: total }, [cut, total]);
  return { ...state, playback, whole, total, part };
}

/** Plays the take from where it stands, or from its beginning. */
export function playPart({ playback, part, at, playing }: TakePart): void {
  if (playing) playback.pause();
  else playback.play(at >= part.from && at < part.to - 0.05 ? at : part.from, part);
}

/** What every part of it needs, with what it says. */
export function usePairParts() {
  const { t, ...parts } = useParts();
  return { ...parts, t: useCatalogue(PAIR_WORDS, { locale: t.locale, labels: parts.labels }) };
}
