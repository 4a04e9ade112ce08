/** `GET /api/config`: what a page needs before anybody is signed in. */

import { Failure } from "./failure.ts";
import { FILES } from "./generated/files.ts";
import type { LanguageOption, ModelOption, PublicConfig } from "./generated/protocol.ts";
import { englishName } from "./languages.ts";
import { type FileCapabilities, LANGUAGES } from "./models.ts";
import type { Call, Services } from "./services.ts";

export async function getConfig(_call: Call, services: Services): Promise<Response> {
  const { settings } = services;
  const enabled = services.transcriber !== undefined;
  const models = await offered(services);
  const ofDefault = models.find(({ id }) => id === settings.transcribeModel)?.languages ?? [];
  const config: PublicConfig = {
    enabled,
    realtime_enabled: enabled && settings.realtimeEnabled && settings.bridgePublicUrl !== undefined,
    realtime_mode: "bridge",
    own_keys: "off",
    supabase_url: settings.publicSupabaseUrl,
    supabase_publishable_key: settings.publishableKey,
    allow_anonymous: settings.allowAnonymous,
    limits: {
      max_bytes: settings.maxUploadBytes,
      min_seconds: settings.minAudioSeconds,
      max_seconds: settings.maxAudioSeconds,
      types: [...FILES.mime_types],
      extensions: [...FILES.extensions],
    },
    languages: ofDefault.length > 0 ? ofDefault : named(LANGUAGES),
    models,
    model: settings.transcribeModel,
    realtime_model: settings.realtimeModel,
    final_pass: enabled && settings.finalPassEnabled,
    bundles: false,
    reference_preset: settings.referencePreset,
    reference_preset_choice: settings.referencePresetChoice,
  };
  if (settings.bridgePublicUrl !== undefined) config.realtime_url = settings.bridgePublicUrl;
  if (settings.notice !== undefined) config.notice = settings.notice;
  return Response.json(config);
}

/** The models for files that a caller may name, the default first; none where nothing works. */
async function offered({ transcriber, settings }: Services): Promise<ModelOption[]> {
  if (transcriber === undefined) return [];
  const { transcribeModel: first, fileModels } = settings;
  const names = [first, ...[...fileModels].filter((name) => name !== first).sort()];
  const models: ModelOption[] = [];
  for (const name of names) {
    try {
      models.push(shown(name, await transcriber.models.capabilities(name)));
    } catch (error) {
      // A caller who names an allowed model that does not exist gets the error.
      if (!(error instanceof Failure)) throw error;
    }
  }
  return models;
}

function shown(id: string, can: FileCapabilities): ModelOption {
  const model: ModelOption = {
    id,
    kind: "batch",
    languages: named(can.languages),
    timestamps: [...can.timestamps].sort(),
    diarization: can.diarization,
    context_bias: can.contextBias,
    single_word_bias: can.singleWordBias,
    speaker_references: can.speakerReferences,
    streaming_delays_ms: [],
    turn_detection: false,
  };
  if (can.microdollarsPerMinute !== undefined) {
    model.microdollars_per_minute = can.microdollarsPerMinute;
  }
  return model;
}

/** Languages by their English names. */
function named(codes: ReadonlySet<string>): LanguageOption[] {
  const options = [...codes].map((code) => ({ code, name: englishName(code) }));
  return options.sort((a, b) => a.name < b.name ? -1 : 1);
}
