/**
 * `@utter/transcribe/ai-sdk`: a transcription model for the Vercel AI SDK.
 *
 * ```ts
 * import { experimental_transcribe as transcribe } from "ai";
 * const { text } = await transcribe({ model: utterTranscription({ apiUrl, token }), audio });
 * ```
 */
import type { Transcription } from "../generated/protocol";
import { Api } from "../services/http";
import type { TokenSupplier } from "../session/token";

export interface UtterTranscriptionOptions {
  /** Address before `/api`. */
  readonly apiUrl: string;
  /** Gives the caller's Supabase access token. */
  readonly token: TokenSupplier;
  /** One that the deployment allows; its own choice without it. */
  readonly model?: string | undefined;
}

/** What `providerOptions.utter` may hold. */
export interface UtterCallOptions {
  /** An English name, an ISO 639-1 code or a locale. */
  readonly language?: string;
  /** Words to expect. */
  readonly contextBias?: readonly string[];
  readonly diarize?: boolean;
}

interface CallOptions {
  audio: Uint8Array | string;
  mediaType: string;
  providerOptions?: Record<string, unknown>;
  abortSignal?: AbortSignal;
}

const ENDINGS: Readonly<Record<string, string>> = {
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/flac": "flac",
  "audio/ogg": "ogg",
  "audio/webm": "webm",
};

/** Returns a model by version 3 of the SDK's specification (`TranscriptionModelV3`). */
export function utterTranscription({ apiUrl, token, model }: UtterTranscriptionOptions) {
  const api = new Api(apiUrl, token);
  return {
    specificationVersion: "v3" as const,
    provider: "utter",
    modelId: model ?? "default",

    /** @throws ApiError with the service's code, or the signal's reason. */
    async doGenerate({ audio, mediaType, providerOptions, abortSignal }: CallOptions) {
      const asked = (providerOptions?.utter ?? {}) as UtterCallOptions;
      const form = new FormData();
      const bytes = typeof audio === "string" ? fromBase64(audio) : new Uint8Array(audio);
      const name = `audio.${ENDINGS[mediaType] ?? "bin"}`;
      form.append("audio", new File([bytes], name, { type: mediaType }), name);
      if (model) form.append("model", model);
      if (asked.language) form.append("language", asked.language);
      if (asked.diarize) form.append("diarize", "true");
      for (const term of asked.contextBias ?? []) form.append("context_bias", term);
      // With a language, the models tell no times.
      if (!asked.language) form.append("timestamps", "segment");
      const timestamp = new Date();
      const answer = await api.call<Transcription>("/transcriptions", {
        method: "POST",
        form,
        idempotencyKey: crypto.randomUUID(),
        ...(abortSignal ? { signal: abortSignal } : {}),
      });
      return {
        text: answer.text,
        segments: (answer.segments ?? []).flatMap(({ text, start, end }) =>
          start == null || end == null ? [] : [{ text, startSecond: start, endSecond: end }],
        ),
        language: answer.language,
        durationInSeconds: answer.duration_seconds,
        warnings: (answer.warnings ?? []).map((message) => ({ type: "other" as const, message })),
        response: { timestamp, modelId: answer.model },
      };
    },
  };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
