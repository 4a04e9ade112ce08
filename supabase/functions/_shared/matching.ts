/** Texts beside what was heard in their recordings. */

import { Failure } from "./failure.ts";
import { LIMITS } from "./generated/constants.ts";
import type { Evidence } from "./generated/match/doubts.ts";
import { match } from "./generated/match/match.ts";
import type { Timed } from "./generated/match/times.ts";
import type { CloneRequest, Match, VoiceMatch, Word } from "./generated/protocol.ts";
import type { Result } from "./mistral_answers.ts";
import type { Heard, Receipts } from "./receipts.ts";

/** What depends on how much text there is, and on nothing that was heard. */
const PACES = new Set(["too_fast", "too_slow"]);
const TOLD_DOUBTS = 3;
/** Of a reading. */
const TOLD_CHARACTERS = 60;

/** Compare a text with what was heard. Nothing is decoded here: where voice is, is not known. */
export function compared(
  text: string,
  { text: heard, words, segments }: Result,
  language: string | undefined,
  seconds: number,
): Match {
  const evidence: Evidence = {
    witness: "final_pass",
    text: heard,
    words: timed(words),
    segments: timed(segments),
  };
  return match(text, [evidence], { language: language ?? "", voice: { seconds } });
}

/** Return how well a voice's transcript goes with what was heard; undefined where nothing was. */
export function ofVoice(
  asked: CloneRequest,
  language: string,
  seconds: number,
  heard: Heard,
  receipts: Receipts,
): VoiceMatch | undefined {
  const { machine_transcript: text, receipt } = asked;
  if (text === undefined) return undefined;
  const shown = receipt === undefined ? undefined : receipts.read(receipt, heard);
  const evidence = { witness: "final_pass", text } as const;
  const found = match(asked.transcript, [evidence], { language, voice: { seconds } });
  const places = (shown ?? []).filter(({ kind }) => !PACES.has(kind));
  return {
    rate: found.rate,
    doubts: found.doubts.slice(0, LIMITS.max_stored_doubts),
    coverage: [...found.coverage, ...places].sort((a, b) => a.start - b.start || a.end - b.end),
    proved: shown !== undefined,
  };
}

/**
 * Refuse a text that is not shown to match its recording.
 *
 * @param least The rate that is needed; undefined needs nothing.
 * @throws {Failure} `text_mismatch`: it is less, or nothing shows it.
 */
export function check(found: VoiceMatch | undefined, least: number | undefined): void {
  if (least === undefined) return;
  if (found === undefined || !found.proved) {
    throw new Failure(
      "text_mismatch",
      "Voices are stored here only with a transcription by this service: transcribe the " +
        "recording, and send its text as machine_transcript and its receipt.",
      { match: found },
    );
  }
  if (found.rate < least) {
    throw new Failure(
      "text_mismatch",
      `${percent(found.rate)} of the text match the recording; ${percent(least)} are needed. ` +
        differences(found),
      { match: found },
    );
  }
}

/** Return when parts are said; nothing where that is not known of each. */
function timed(parts: readonly Word[]): Timed[] {
  const known = parts.filter((one): one is Timed =>
    one.start !== undefined && one.end !== undefined
  );
  return known.length === parts.length ? known : [];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function differences({ doubts }: Match): string {
  const strong = doubts.filter(({ slight }) => !slight);
  const told = strong.slice(0, TOLD_DOUBTS).map(({ text, readings }) =>
    `${quoted(text)} (heard: ${quoted(readings[0]?.text ?? "")})`
  );
  const more = strong.length - told.length;
  return `It differs at ${told.join(", ")}${more > 0 ? ` and ${more} more places` : ""}.`;
}

function quoted(text: string): string {
  if (text === "") return "nothing";
  const characters = [...text];
  if (characters.length <= TOLD_CHARACTERS) return `“${text}”`;
  return `“${characters.slice(0, TOLD_CHARACTERS).join("")}…”`;
}
