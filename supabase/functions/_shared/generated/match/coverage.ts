/**
 * Where words and voice do not cover one another.
 *
 * `transcription/match/coverage.py` is the same in Python.
 */
import type { Coverage, CoverageKind } from "../protocol.ts";
import type { Span } from "./times.ts";
import { isSpaceless, type Word } from "./words.ts";

/** Of voice that no word covers: a breath, a cough or a long vowel is shorter. */
const MAX_UNWRITTEN_SECONDS = 0.6;
/** By which the times of words are wrong. */
const SLACK_SECONDS = 0.1;
/** Shorter stretches of words say nothing of whether there is voice. */
const MIN_WORDS_SECONDS = 0.4;
/** Words with less voice than this are where nobody speaks. */
const MAX_VOICELESS_SHARE = 0.1;
/** Times the usual pace: nobody speaks faster, or slower, than that for long. */
const FAST = 2.2;
const SLOW = 0.35;
/** Shorter recordings have no pace. */
const MIN_PACED_SECONDS = 2;
/** Words a second, of people who read aloud; characters in scripts without spaces. */
const USUAL_PACE: ReadonlyMap<string, number> = new Map(
  Object.entries({
    en: 2.6,
    zh: 4.5,
    hi: 2.6,
    es: 2.9,
    ar: 2.0,
    fr: 3.0,
    pt: 2.7,
    ru: 2.0,
    de: 2.2,
    ja: 6.5,
    ko: 2.0,
    it: 2.6,
    nl: 2.4,
    th: 9.0,
  }),
);
const OTHER_PACE = 2.4;
const OTHER_PACE_SPACELESS = 6;

/** Where someone speaks. */
export interface Voice {
  /** The length of the audio. */
  readonly seconds: number;
  /** Each with voice, in order; undefined where only the length is known. */
  readonly stretches?: readonly Span[] | undefined;
}

/**
 * Where words and voice do not cover one another, in the order of time.
 *
 * @param times When each word is said, where known.
 * @param language ISO 639-1.
 */
export function coverage(
  words: readonly Word[],
  times: readonly (Span | undefined)[],
  voice: Voice,
  language: string,
): Coverage[] {
  const found = pace(words, voice, language);
  const timed = times.filter((one) => one !== undefined);
  if (voice.stretches && (timed.length > 0 || words.length === 0)) {
    found.push(...unwritten(timed, voice.stretches), ...voiceless(timed, voice.stretches));
  }
  return found.sort((one, other) => one.start - other.start || one.end - other.end);
}

const lengthOf = (spans: readonly Span[]) =>
  spans.reduce((sum, one) => sum + one.end - one.start, 0);
const hundredths = (value: number) => Math.round(value * 100) / 100;

function pace(words: readonly Word[], voice: Voice, language: string): Coverage[] {
  const seconds = voice.stretches ? lengthOf(voice.stretches) : voice.seconds;
  if (seconds < MIN_PACED_SECONDS || words.length === 0) return [];
  const alone = words.filter((word) => isSpaceless(Array.from(word.key)[0] ?? "")).length;
  const other = alone * 2 > words.length ? OTHER_PACE_SPACELESS : OTHER_PACE;
  const usual = USUAL_PACE.get(language) ?? other;
  const each = words.length / seconds;
  if (usual * SLOW <= each && each <= usual * FAST) return [];
  const fast = each > usual;
  return [
    {
      kind: fast ? "too_fast" : "too_slow",
      start: 0,
      end: voice.seconds,
      per_second: hundredths(each),
      expected: hundredths(usual * (fast ? FAST : SLOW)),
    },
  ];
}

/** The voice that nothing is written for. */
function unwritten(timed: readonly Span[], stretches: readonly Span[]): Coverage[] {
  const covered = timed
    .map(({ start, end }) => ({ start: start - SLACK_SECONDS, end: end + SLACK_SECONDS }))
    .sort((one, other) => one.start - other.start || one.end - other.end);
  const gaps: (Span & { kind: CoverageKind })[] = [];
  let kind: CoverageKind = "before_first_word";
  let at = 0;
  for (const one of covered) {
    if (one.start > at) gaps.push({ kind, start: at, end: one.start });
    at = Math.max(at, one.end);
    kind = "between_words";
  }
  gaps.push({ kind: "after_last_word", start: at, end: stretches.at(-1)?.end ?? at });
  return gaps.flatMap((gap) => {
    const parts = stretches
      .filter((one) => one.start < gap.end && one.end > gap.start)
      .map(({ start, end }) => ({
        start: Math.max(start, gap.start),
        end: Math.min(end, gap.end),
      }));
    if (lengthOf(parts) <= MAX_UNWRITTEN_SECONDS) return [];
    return [{ kind: gap.kind, start: parts[0]?.start ?? 0, end: parts.at(-1)?.end ?? 0 }];
  });
}

/** The words that stand where nobody speaks, those in a row together. */
function voiceless(timed: readonly Span[], stretches: readonly Span[]): Coverage[] {
  const runs: { start: number; end: number }[] = [];
  for (const one of timed) {
    const voiced = stretches.reduce(
      (sum, each) =>
        sum + Math.max(0, Math.min(one.end, each.end) - Math.max(one.start, each.start)),
      0,
    );
    if (voiced > MAX_VOICELESS_SHARE * (one.end - one.start)) continue;
    const last = runs.at(-1);
    if (last && one.start - last.end < MAX_UNWRITTEN_SECONDS) {
      last.end = Math.max(last.end, one.end);
    } else {
      runs.push({ ...one });
    }
  }
  return runs
    .filter((one) => one.end - one.start >= MIN_WORDS_SECONDS)
    .map(({ start, end }) => ({ kind: "no_voice", start, end }));
}
