/** The best part of a recording: from pause to pause, as long as an engine wants. */
import { FLOOR_DBFS } from "../audio/pcm";
import { PAUSE_SECONDS } from "../generated/levels";
import { type Levels, stretchesOf } from "./levels";
import type { Span } from "./times";

/** Of a pause that are left at an end, at most; the other half belongs to what is cut off. */
const EDGE_SECONDS = 0.3;
/** A recording with less before its first voice, or after its last, may begin or end in a word. */
const MIN_END_SECONDS = 0.1;
/** A pause this long parts sentences. */
const GOOD_PAUSE_SECONDS = 0.6;
/** From this level, dBFS, to this one more is better. */
const GOOD_LEVEL = [-40, -20] as const;
/** From this distance of voice and room, decibels, to this one more is better. */
const GOOD_SNR = [10, 40] as const;
/** Of voice, level, distance from the noise, absence of clipping, pauses at the ends. */
const WEIGHTS = { voice: 1, level: 0.5, snr: 0.5, clean: 1, pauses: 1 };

/**
 * The best stretch that begins and ends in a pause and is as long as is wanted, in seconds;
 * undefined where no two pauses are that far apart.
 */
export function propose(levels: Levels, minSeconds: number, maxSeconds: number): Span | undefined {
  const voices = stretchesOf(levels, PAUSE_SECONDS, levels.threshold);
  const first = voices[0];
  const last = voices.at(-1);
  if (!first || !last) return undefined;
  const pauses: Span[] = [
    { start: 0, end: first.start },
    ...voices.slice(1).map((one, at) => ({ start: (voices[at] as Span).end, end: one.start })),
    { start: last.end, end: levels.seconds },
  ];
  const final = pauses.length - 1;
  const cut = pauses.map(({ start, end }) => end - start >= MIN_END_SECONDS);
  const score = scoring(levels);
  let best: { score: number; span: Span } | undefined;
  for (const [at, before] of pauses.entries()) {
    if (!cut[at]) continue;
    const start = before.end - edge(before, at === 0);
    for (let to = at + 1; to <= final; to += 1) {
      const after = pauses[to] as Span;
      const end = after.start + edge(after, to === final);
      if (end - start < minSeconds || !cut[to]) continue;
      if (end - start > maxSeconds) break;
      const shorter = Math.min(
        at === 0 ? Number.POSITIVE_INFINITY : before.end - before.start,
        to === final ? Number.POSITIVE_INFINITY : after.end - after.start,
      );
      const whole =
        score({ start, end }) + WEIGHTS.pauses * share(shorter, PAUSE_SECONDS, GOOD_PAUSE_SECONDS);
      if (!best || whole > best.score + 1e-9) best = { score: whole, span: { start, end } };
    }
  }
  return best?.span;
}

/** How much of a pause belongs to the voice beside it. */
function edge(pause: Span, whole: boolean): number {
  return Math.min(EDGE_SECONDS, (pause.end - pause.start) / (whole ? 1 : 2));
}

const share = (value: number, low: number, high: number) =>
  Math.min(1, Math.max(0, (value - low) / (high - low)));

/** How good a stretch is, its ends aside: by sums up to each window, so that it is known at once. */
function scoring(levels: Levels): (span: Span) => number {
  const spoken = [0];
  const voice = [0];
  const room = [0];
  const clipped = [0];
  for (const [at, level] of levels.dbfs.entries()) {
    const energy = 10 ** (level / 10);
    const isSpoken = level >= levels.threshold;
    spoken.push((spoken[at] as number) + (isSpoken ? 1 : 0));
    voice.push((voice[at] as number) + (isSpoken ? energy : 0));
    room.push((room[at] as number) + (isSpoken ? 0 : energy));
    clipped.push((clipped[at] as number) + (levels.clipped[at] ? 1 : 0));
  }
  return ({ start, end }) => {
    const from = Math.round(start / levels.windowSeconds);
    const to = Math.min(Math.round(end / levels.windowSeconds), levels.dbfs.length);
    const within = (sums: readonly number[]) => (sums[to] as number) - (sums[from] as number);
    const count = Math.max(1, to - from);
    const voiced = meanDbfs(within(voice), within(spoken));
    const noise = meanDbfs(within(room), count - within(spoken));
    return (
      (WEIGHTS.voice * within(spoken)) / count +
      WEIGHTS.level * share(voiced, ...GOOD_LEVEL) +
      WEIGHTS.snr * share(voiced - noise, ...GOOD_SNR) +
      WEIGHTS.clean / (1 + within(clipped))
    );
  };
}

function meanDbfs(energy: number, count: number): number {
  return count > 0 && energy > 0
    ? Math.max(FLOOR_DBFS, 10 * Math.log10(energy / count))
    : FLOOR_DBFS;
}
