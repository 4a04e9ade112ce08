/** How well the text in the box goes with its take, by all that is known of it, without a call. */
import type { Coverage, Doubt, VoiceDetail } from "../generated/protocol";
import type { Evidence } from "../match/doubts";
import { match, wordTimes } from "../match/match";
import { split } from "../match/words";
import type { ReferenceAudioState } from "../reference-audio/state";
import type { Stretch, Take } from "../take/take";
import { type TextRange, touches } from "../transcript/ranges";
import type { Timed } from "../transcript/timed";
import { voiceIn } from "./voice";

/** A place that is in doubt, in the text area's own offsets. */
export interface Place extends TextRange {
  readonly doubt: Doubt;
}

/** A word, or a segment of several, and when it is said. */
export interface Spoken extends TextRange {
  /** Seconds from the beginning of the take. */
  readonly from: number;
  readonly to: number;
}

export interface Check {
  /** Those that are not settled. */
  readonly open: readonly Place[];
  readonly coverage: readonly Coverage[];
  /** What can be lit and played, in the order of the text. */
  readonly spoken: readonly Spoken[];
  /** Whether their times are only those of the voice, spread over the words. */
  readonly guessed: boolean;
  readonly witnesses: number;
  /** The text that was read, if it is what was said. */
  readonly script: string | undefined;
}

type Known = Pick<
  ReferenceAudioState,
  "transcript" | "timed" | "read" | "take" | "language" | "detectedLanguage"
>;

/** A script of which less was heard was not read. */
const READ_SHARE = 0.5;

/** Where a code point stands in UTF-16, for each of them and after the last. */
export function offsetsOf(text: string): number[] {
  const offsets: number[] = [];
  let at = 0;
  for (const character of text) {
    offsets.push(at);
    at += character.length;
  }
  offsets.push(at);
  return offsets;
}

/** The final pass, with its times where they are known. */
export function evidenceOf(text: string, timed: Timed | undefined): Evidence {
  const times = timed && { [timed.unit === "word" ? "words" : "segments"]: timed.parts };
  return { witness: "final_pass", text, ...times };
}

function witnessesOf({ transcript, timed, read }: Known, language: string): Evidence[] {
  const { draft, final } = transcript;
  const witnesses: Evidence[] = [];
  if (final) {
    witnesses.push(evidenceOf(final, timed));
  }
  if (draft) witnesses.push({ witness: "live", text: draft });
  const heard = final ?? draft;
  if (
    read &&
    heard &&
    match(heard, [{ witness: "script", text: read }], { language }).rate >= READ_SHARE
  ) {
    witnesses.push({ witness: "script", text: read });
  }
  return witnesses;
}

/** Times for words of which none is known: the voice's own, by their length. */
function guess(letters: readonly number[], take: Take): (Stretch | undefined)[] {
  const voice = take.pcm ? voiceIn(take.pcm) : [{ from: 0, to: take.seconds ?? 0 }];
  const spoken = voice.reduce((sum, { from, to }) => sum + to - from, 0);
  const all = letters.reduce((sum, count) => sum + count, 0);
  /** The second at which so much of the voice has been heard. */
  const at = (share: number, ends: boolean) => {
    let left = share * spoken;
    for (const { from, to } of voice) {
      if (left < to - from || (ends && left <= to - from + 1e-9)) return from + left;
      left -= to - from;
    }
    return voice.at(-1)?.to ?? 0;
  };
  let before = 0;
  return letters.map((count) => {
    const from = at(before / all, false);
    before += count;
    return { from, to: at(before / all, true) };
  });
}

function spokenIn(known: Known, witnesses: readonly Evidence[], language: string) {
  const { transcript, timed, take } = known;
  const offsets = offsetsOf(transcript.text);
  const words = split(transcript.text);
  const places = words.map(({ start, end }) => ({
    start: offsets[start] as number,
    end: offsets[end] as number,
  }));
  const heard = wordTimes(transcript.text, witnesses, language).map(
    (span) => span && { from: span.start, to: span.end },
  );
  const guessed = heard.every((each) => each === undefined);
  const times =
    guessed && take
      ? guess(
          words.map(({ key }) => key.length),
          take,
        )
      : heard;
  const spoken: Spoken[] = [];
  for (const [n, place] of places.entries()) {
    const time = times[n];
    const last = spoken.at(-1);
    const segment =
      time && timed?.unit === "segment" && !guessed ? segmentAt(timed.parts, time) : time;
    if (!segment) {
      // What was not heard is played with the word before it.
      if (last) spoken[spoken.length - 1] = { ...last, end: place.end };
    } else if (last && last.from === segment.from && last.to === segment.to) {
      spoken[spoken.length - 1] = { ...last, end: place.end };
    } else {
      spoken.push({ ...place, ...segment });
    }
  }
  return { spoken, guessed };
}

function segmentAt(
  parts: readonly { readonly start: number; readonly end: number }[],
  { from, to }: Stretch,
): Stretch | undefined {
  const middle = (from + to) / 2;
  const part = parts.find(({ start, end }) => middle >= start && middle <= end);
  return part && { from: part.start, to: part.end };
}

/** What makes the words certain; undefined while a word is in doubt, or where nothing else was heard. */
export function settledBy(state: ReferenceAudioState): VoiceDetail["settled_by"] {
  const { transcript } = state;
  if (transcript.asWritten) return "script";
  const { open, witnesses } = checkOf(state);
  // A text that was only heard once agrees with itself.
  if (witnesses < (transcript.edited ? 1 : 2) || open.length > 0) return undefined;
  return transcript.settled.length > 0 ? "ear" : "agreement";
}

let latest: { readonly known: Known; readonly check: Check } | undefined;

/** Checks the text; the same question once more has its answer at hand. */
export function checkOf(state: Known): Check {
  const { transcript, timed, read, take, language, detectedLanguage } = state;
  const known = { transcript, timed, read, take, language, detectedLanguage };
  const keys = Object.keys(known) as (keyof Known)[];
  const before = latest;
  if (before && keys.every((key) => before.known[key] === known[key])) return before.check;
  const check = make(known);
  latest = { known, check };
  return check;
}

function make(known: Known): Check {
  const { transcript, take, language, detectedLanguage } = known;
  const code = language === "auto" ? (detectedLanguage ?? "") : language;
  const { text } = transcript;
  const witnesses = witnessesOf(known, code);
  const voice = take?.pcm && {
    seconds: take.seconds ?? 0,
    stretches: voiceIn(take.pcm).map(({ from, to }) => ({ start: from, end: to })),
  };
  const { doubts, coverage } = match(text, witnesses, { language: code, voice });
  const offsets = offsetsOf(text);
  const open = doubts
    .filter(({ slight }) => !slight)
    .map((doubt) => ({
      doubt,
      start: offsets[doubt.first_character] as number,
      end: offsets[doubt.end_character] as number,
    }))
    .filter((place) => !transcript.settled.some((range) => touches(range, place)));
  return {
    open,
    coverage: text.trim() ? coverage : [],
    ...spokenIn(known, witnesses, code),
    witnesses: witnesses.length,
    script: witnesses.find(({ witness }) => witness === "script")?.text,
  };
}
