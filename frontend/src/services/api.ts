/** What our own API offers, one function each. */

import type { PresetId } from "../audio/presets";
import type {
  PublicConfig,
  StoredTranscriptionRequest,
  Transcription,
  Usage,
  Voice,
  VoiceChangeRequest,
  VoiceDetail,
  VoiceList,
} from "../generated/protocol";
import { type SessionOptions, wireOptions } from "../session/messages";
import type { TranscriptSource } from "../transcript/transcript";
import type { Api, Progress } from "./http";

/** A recording as the API takes it: already in storage, or with the call. */
export type Audio = { readonly storagePath: string } | { readonly file: File };

interface CallOptions {
  readonly idempotencyKey: string;
  readonly signal?: AbortSignal;
  /** Only of a recording that goes with the call. */
  readonly onProgress?: Progress;
}

export const fetchConfig = (api: Api, signal?: AbortSignal): Promise<PublicConfig> =>
  api.open("/config", signal);

export const fetchUsage = (api: Api, signal?: AbortSignal): Promise<Usage> =>
  api.call("/usage", { signal });

/** All voices, page by page. */
export async function listVoices(api: Api, signal?: AbortSignal): Promise<Voice[]> {
  const voices: Voice[] = [];
  let path: string | undefined = "/voices";
  while (path) {
    const list: VoiceList = await api.call<VoiceList>(path, { signal });
    voices.push(...list.voices);
    path = list.next ? `/voices?before=${list.next}` : undefined;
  }
  return voices;
}

export const fetchVoice = (api: Api, id: string, signal?: AbortSignal): Promise<VoiceDetail> =>
  api.call(`/voices/${encodeURIComponent(id)}`, { signal });

/** A zip of recording, text and manifest, as a cloning engine wants them. */
export const downloadBundle = (api: Api, id: string, preset: PresetId): Promise<Blob> =>
  api.call(`/voices/${encodeURIComponent(id)}/bundle?preset=${preset}`, { binary: true });

export const renameVoice = (api: Api, id: string, name: string): Promise<Voice> => {
  const json: VoiceChangeRequest = { name };
  return api.call(`/voices/${encodeURIComponent(id)}`, { method: "PATCH", json });
};

export const deleteVoice = (api: Api, id: string): Promise<void> =>
  api.call(`/voices/${encodeURIComponent(id)}`, { method: "DELETE", keepalive: true });

function multipart(audio: Audio, fields: Readonly<Record<string, string | undefined>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, value);
  }
  if ("storagePath" in audio) form.append("storage_path", audio.storagePath);
  else form.append("audio", audio.file, audio.file.name);
  return form;
}

export interface TranscriptionOptions extends SessionOptions {
  /** How finely the times of what is said are asked for. */
  readonly timestamps?: "word" | "segment";
}

export function transcribe(
  api: Api,
  audio: Audio,
  options: TranscriptionOptions,
  call: CallOptions,
): Promise<Transcription> {
  const { timestamps } = options;
  const asked = { ...wireOptions(options), ...(timestamps ? { timestamps } : {}) };
  if ("storagePath" in audio) {
    const json: StoredTranscriptionRequest = { storage_path: audio.storagePath, ...asked };
    return api.call("/transcriptions", { method: "POST", json, ...call });
  }
  const { language, model, context_bias, diarize, speaker_references: speakers } = asked;
  const form = multipart(audio, {
    language,
    model,
    timestamps,
    diarize: diarize ? "true" : undefined,
    speaker_references: speakers && JSON.stringify(speakers),
  });
  for (const term of context_bias ?? []) form.append("context_bias", term);
  return api.call("/transcriptions", { method: "POST", form, ...call });
}

export interface NewVoice {
  readonly name: string;
  readonly language: string;
  readonly transcript: string;
  readonly transcriptSource: TranscriptSource;
  readonly machineTranscript: string | undefined;
  /** Of the transcription that `machineTranscript` is the text of. */
  readonly receipt?: string | undefined;
  /** What made the words certain. */
  readonly settledBy?: VoiceDetail["settled_by"];
  /** Where the audio begins in the recording that it was cut out of, in seconds. */
  readonly cutFrom?: number | undefined;
  readonly consent: boolean;
}

export function cloneVoice(
  api: Api,
  audio: Audio,
  voice: NewVoice,
  call: CallOptions,
): Promise<Voice> {
  const form = multipart(audio, {
    name: voice.name,
    language: voice.language,
    transcript: voice.transcript,
    transcript_source: voice.transcriptSource,
    machine_transcript: voice.machineTranscript,
    receipt: voice.receipt,
    settled_by: voice.settledBy,
    window_start_ms:
      voice.cutFrom === undefined ? undefined : String(Math.round(voice.cutFrom * 1000)),
    consent: String(voice.consent),
  });
  return api.call("/clone", { method: "POST", form, ...call });
}
