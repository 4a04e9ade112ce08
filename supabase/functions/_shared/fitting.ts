/** What a caller asks of a file, fitted to what the model can do. */

import { Failure } from "./failure.ts";
import { LIMITS } from "./generated/constants.ts";
import type { SpeakerReference } from "./generated/protocol.ts";
import { englishName } from "./languages.ts";
import type { FileCapabilities, Timestamps } from "./models.ts";

export interface FileOptions {
  readonly model: string;
  /** ISO 639-1, or undefined to let the provider detect it. */
  readonly language: string | undefined;
  readonly contextBias: readonly string[];
  readonly timestamps: Timestamps | undefined;
  readonly diarize: boolean;
  /** Voices to be known again. */
  readonly speakers: readonly SpeakerReference[];
  /** Ask for the language that was heard. */
  readonly returnLanguage: boolean;
}

/** What a caller asks for. */
export type Asked = Omit<FileOptions, "returnLanguage">;

/** Options that the model takes. */
export interface Fitted {
  readonly options: FileOptions;
  /** What could not be honoured as asked, in words. */
  readonly warnings: string[];
  /** The times that the caller gets; the service may have more for itself. */
  readonly told: Timestamps | undefined;
}

/**
 * Return options that the model can combine: timestamps win over the language.
 *
 * @param wantsTimes Whether the service has use for times, where they cost nothing: the finest that
 *   the model has, and none in the place of a language.
 * @throws {Failure} `invalid_message`: something is asked for that the model cannot do at all.
 */
export function fit(asked: Asked, can: FileCapabilities, wantsTimes = false): Fitted {
  refuseImpossible(asked, can);
  const warnings: string[] = [];
  let { language, contextBias, timestamps } = asked;
  if (asked.diarize && timestamps !== "segment") {
    if (timestamps !== undefined) {
      warnings.push("Speakers are told apart by segment, so the words have no times.");
    }
    timestamps = "segment";
  }
  if (language !== undefined && can.languages.size === 0) {
    warnings.push("The model detects the language by itself.");
    language = undefined;
  }
  if (can.languageOrTimestamps && timestamps !== undefined && language !== undefined) {
    warnings.push("The model takes a language or timestamps, not both: the language was detected.");
    language = undefined;
  }
  if (can.singleWordBias && contextBias.some((term) => words(term).join() !== term)) {
    warnings.push("The model takes single words to expect: phrases were split.");
    contextBias = [...new Set(contextBias.flatMap(words))];
  }
  const most = can.maxBiasTerms;
  if (most !== undefined && contextBias.length > most) {
    warnings.push(`Only the first ${most} words to expect were used.`);
    contextBias = contextBias.slice(0, most);
  }
  const returnLanguage = can.languageOnRequest && language === undefined;
  const told = timestamps;
  if (wantsTimes && told === undefined && !(can.languageOrTimestamps && language !== undefined)) {
    timestamps = (["word", "segment"] as const).find((one) => can.timestamps.has(one));
  }
  const options = { ...asked, language, contextBias, timestamps, returnLanguage };
  return { options, warnings, told };
}

function refuseImpossible(asked: Asked, can: FileCapabilities): void {
  // Speakers come with segments, whatever else is asked for.
  const timestamps = asked.diarize ? "segment" : asked.timestamps;
  const impossible = (message: string) => new Failure("invalid_message", message);
  if (asked.diarize && !can.diarization) {
    throw impossible("The model cannot tell speakers apart.");
  }
  if (timestamps !== undefined && !can.timestamps.has(timestamps)) {
    throw impossible(`The model has no ${timestamps} timestamps.`);
  }
  if (asked.contextBias.length > 0 && !can.contextBias) {
    throw impossible("The model takes no words to expect.");
  }
  const size = new TextEncoder().encode(asked.contextBias.join("")).length;
  if (can.maxBiasBytes !== undefined && size > can.maxBiasBytes) {
    throw impossible(
      `The words to expect have ${size} bytes, and the model takes ${can.maxBiasBytes} (context_bias).`,
    );
  }
  refuseSpeakers(asked, can);
  const { language } = asked;
  if (language !== undefined && can.languages.size > 0 && !can.languages.has(language)) {
    throw impossible(`The provider does not know ${englishName(language)}.`);
  }
}

function refuseSpeakers({ speakers, diarize }: Asked, can: FileCapabilities): void {
  if (speakers.length === 0) return;
  const impossible = (message: string) => new Failure("invalid_message", message);
  if (!can.speakerReferences) {
    throw impossible("The model knows no voices again (speaker_references).");
  }
  if (!diarize) {
    throw impossible("Known voices need speakers that are told apart: set diarize.");
  }
  if (new Set(speakers.map(({ name }) => name)).size < speakers.length) {
    throw impossible("Each speaker needs a name of its own (speaker_references).");
  }
  const size = speakers.reduce((sum, { audio }) => sum + audio.length, 0);
  const most = LIMITS.max_speaker_audio_characters;
  if (size > most) {
    throw impossible(
      `The voices have ${size} characters of base64, and ${most} are taken (speaker_references).`,
    );
  }
}

function words(term: string): string[] {
  return term.replaceAll(",", " ").split(/\s+/).filter(Boolean);
}
