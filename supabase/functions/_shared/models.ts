/**
 * What Mistral's models can do with a file: as a model's card says (`GET /v1/models/{id}`, asked
 * for once an hour), else as Mistral's documentation of Voxtral does.
 */

import { readAll } from "./body.ts";
import { Failure } from "./failure.ts";
import { ENGLISH_NAMES } from "./generated/languages.ts";
import { kindOf, warn } from "./log.ts";
import type { Settings } from "./settings.ts";

const ASK_SECONDS = 3;
const KEPT_SECONDS = 3600;
/** Until a card that could not be had is asked for again. */
const RETRY_SECONDS = 60;
const MAX_BYTES = 262_144;

export type Timestamps = "segment" | "word";

export interface FileCapabilities {
  /** ISO 639-1 codes; empty where the language cannot be set. */
  readonly languages: ReadonlySet<string>;
  readonly timestamps: ReadonlySet<Timestamps>;
  /** Telling speakers apart, segment by segment. */
  readonly diarization: boolean;
  readonly contextBias: boolean;
  /** Bias terms must not hold spaces or commas. */
  readonly singleWordBias: boolean;
  /** Only one of the two is taken. */
  readonly languageOrTimestamps: boolean;
  /** The model names the language it heard only on request. */
  readonly languageOnRequest: boolean;
  /** Knowing voices again that are sent along. */
  readonly speakerReferences: boolean;
  /** Of one file; undefined: any number. */
  readonly maxBiasTerms: number | undefined;
  /** UTF-8 of all bias terms together; undefined: any number. */
  readonly maxBiasBytes: number | undefined;
  /** List price of a minute of audio; undefined where it is not known. */
  readonly microdollarsPerMinute: number | undefined;
}

export const LANGUAGES: ReadonlySet<string> = new Set(
  ["en", "zh", "hi", "es", "ar", "fr", "pt", "ru", "de", "ja", "ko", "it", "nl"],
);
/**
 * What version 3 may be asked for until its card says which 50 of them it knows: Mistral's
 * documentation tells their number alone, and refuses one that the model does not know in words.
 */
const LANGUAGES_3: ReadonlySet<string> = new Set(Object.keys(ENGLISH_NAMES));
/** Bias terms that version 2 takes. */
const MAX_WORDS = 100;
/**
 * Of version 3's bias terms, which share 65,536 tokens with the audio. A byte is at most a token,
 * and the rest has room for an hour at 12.5 tokens a second.
 */
const MAX_BIAS_BYTES = 16_384;
const GRANULARITIES: readonly Timestamps[] = ["segment", "word"];
const DOCUMENTED: ReadonlyMap<string, FileCapabilities> = new Map([
  ["voxtral-mini-2602", documented(["segment", "word"], true, 3000)],
  ["voxtral-mini-transcribe-3", documented(["segment"], false, 3500)],
  ["voxtral-mini-transcribe-3-0", documented(["segment"], false, 3500)],
  ["voxtral-small-transcribe-3", documented(["segment"], false, 4000)],
]);

/** `audio_transcription_capabilities` of a model's card. */
interface Card {
  readonly modes?: string[] | null;
  readonly languages?: string[] | null;
  readonly timestamp_granularities?: string[] | null;
  readonly diarization?: boolean | null;
  readonly context_bias?: boolean | null;
}

/** The models of one deployment. */
export class Models {
  private readonly kept = new Map<string, { can: FileCapabilities; until: number }>();

  constructor(private readonly settings: Settings) {}

  /**
   * Return what a model can do with a file.
   *
   * @throws {Failure} `not_found`: nothing is known of the model, or it takes no files.
   */
  async capabilities(model: string): Promise<FileCapabilities> {
    const held = this.kept.get(model);
    if (held !== undefined && performance.now() < held.until) return held.can;
    const card = await this.ask(model);
    const can = capabilitiesOf(model, card);
    const seconds = card === undefined ? RETRY_SECONDS : KEPT_SECONDS;
    this.kept.set(model, { can, until: performance.now() + seconds * 1000 });
    return can;
  }

  private async ask(model: string): Promise<Card | undefined> {
    const { mistralServerUrl, mistralApiKey } = this.settings;
    try {
      const response = await fetch(`${mistralServerUrl}/v1/models/${encodeURIComponent(model)}`, {
        headers: { Authorization: `Bearer ${mistralApiKey}` },
        redirect: "manual",
        signal: AbortSignal.timeout(ASK_SECONDS * 1000),
      });
      const body = await readAll(response.body, MAX_BYTES);
      if (response.status !== 200) throw new Error("status");
      const card = JSON.parse(new TextDecoder().decode(body));
      return card.audio_transcription_capabilities ?? undefined;
    } catch (error) {
      warn("model_card_missing", { model, error: kindOf(error) });
      return undefined;
    }
  }
}

function capabilitiesOf(model: string, card: Card | undefined): FileCapabilities {
  const known = DOCUMENTED.get(model);
  if (card === undefined) {
    if (known === undefined) throw new Failure("not_found", "There is no such model for files.");
    return known;
  }
  if (!(card.modes?.includes("offline") ?? known !== undefined)) {
    throw new Failure("not_found", "The model takes no files.");
  }
  const { timestamp_granularities: told } = card;
  return {
    languages: card.languages ? new Set(card.languages) : known?.languages ?? LANGUAGES,
    timestamps: told
      ? new Set(GRANULARITIES.filter((one) => told.includes(one)))
      : known?.timestamps ?? new Set(),
    diarization: card.diarization ?? known?.diarization ?? false,
    contextBias: card.context_bias ?? known?.contextBias ?? false,
    // A card does not tell these. What version 2 wants, every version takes.
    singleWordBias: known?.singleWordBias ?? true,
    languageOrTimestamps: known?.languageOrTimestamps ?? true,
    languageOnRequest: known?.languageOnRequest ?? false,
    speakerReferences: known?.speakerReferences ?? false,
    maxBiasTerms: known === undefined ? MAX_WORDS : known.maxBiasTerms,
    maxBiasBytes: known?.maxBiasBytes,
    microdollarsPerMinute: known?.microdollarsPerMinute,
  };
}

function documented(
  timestamps: Timestamps[],
  likeVersion2: boolean,
  microdollarsPerMinute: number,
): FileCapabilities {
  return {
    languages: likeVersion2 ? LANGUAGES : LANGUAGES_3,
    timestamps: new Set(timestamps),
    diarization: true,
    contextBias: true,
    singleWordBias: likeVersion2,
    languageOrTimestamps: likeVersion2,
    languageOnRequest: !likeVersion2,
    speakerReferences: !likeVersion2,
    maxBiasTerms: likeVersion2 ? MAX_WORDS : undefined,
    maxBiasBytes: likeVersion2 ? undefined : MAX_BIAS_BYTES,
    microdollarsPerMinute,
  };
}
