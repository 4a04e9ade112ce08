/** `POST /api/clone`: a recording and its transcript become a voice. */

import { type AudioFile, inspect } from "./audio.ts";
import type { Caller } from "./caller.ts";
import { Failure } from "./failure.ts";
import { fromFields } from "./fields.ts";
import type { CloneRequest, VoiceMatch } from "./generated/protocol.ts";
import { AUTO, toCode } from "./languages.ts";
import { info, warn } from "./log.ts";
import { check, ofVoice } from "./matching.ts";
import { formOf, isMultipart } from "./multipart.ts";
import { type Answered, fingerprint, keyOf, sha256 } from "./idempotency.ts";
import type { Call, Services } from "./services.ts";
import { shown, type VoiceRow } from "./voice_table.ts";

export async function postClone(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const key = keyOf(call.request);
  const { status, answer } = await services.memory.holding((take) =>
    clone(call, caller, key, services, take)
  );
  return Response.json(answer, { status });
}

async function clone(
  { request }: Call,
  caller: Caller,
  key: string | null,
  services: Services,
  take: (bytes: number) => void,
): Promise<Answered> {
  const contentType = request.headers.get("Content-Type") ?? "";
  if (!isMultipart(contentType)) throw new Failure("invalid_message", "Send multipart/form-data.");
  const form = await formOf(request, contentType, services, take);
  const asked = fromFields("CloneRequest", form.fields);
  const source = form.file ?? asked.storage_path;
  if (source === undefined || (form.file !== undefined && asked.storage_path !== undefined)) {
    throw new Failure("invalid_message", "audio: send either the file or its storage_path");
  }
  const language = toCode(asked.language) ?? AUTO;
  const same = fingerprint("clone", typeof source === "string" ? source : sha256(source), asked);
  return await services.once.do(caller, key, same, async () => {
    const bytes = typeof source === "string"
      ? await services.storage.download(source, caller, take)
      : source;
    const audio = await inspect(bytes, services.settings);
    const text = asked.machine_transcript ?? "";
    const heard = { userId: caller.user.id, audioSha256: sha256(bytes), text };
    const found = ofVoice(asked, language, audio.seconds, heard, services.receipts);
    check(found, services.settings.cloneMinMatch);
    const row = await store(services, caller, asked, language, audio, found);
    return { status: 201, answer: shown(row) };
  });
}

/** Add the voice, then its recording, then say that it is whole; or leave nothing. */
async function store(
  services: Services,
  caller: Caller,
  asked: CloneRequest,
  language: string,
  audio: AudioFile,
  found: VoiceMatch | undefined,
): Promise<VoiceRow> {
  const id = crypto.randomUUID();
  const path = `${caller.user.id}/voices/${id}.${audio.extension}`;
  try {
    await services.voices.insert({
      id,
      user_id: caller.user.id,
      name: asked.name,
      language,
      transcript: asked.transcript,
      transcript_source: asked.transcript_source,
      machine_transcript: asked.machine_transcript ?? null,
      settled_by: asked.settled_by ?? null,
      match: found ?? null,
      window_start_ms: asked.window_start_ms ?? null,
      consent: asked.consent,
      duration_seconds: audio.seconds,
      mime_type: audio.mime,
      size_bytes: audio.bytes.length,
      storage_path: path,
    });
    await services.storage.upload(path, audio.bytes, audio.mime);
    const row = await services.voices.makeReady(id);
    if (row === undefined) throw new Failure("unauthenticated", "The account is gone.");
    const { seconds, bytes } = audio;
    info("voice_stored", { voice_id: id, user_id: caller.user.id, seconds, size: bytes.length });
    return row;
  } catch (error) {
    await undo(services, id, path);
    throw error;
  }
}

/** Take back what may have been stored. What cannot be reached now is swept later. */
async function undo(services: Services, id: string, path: string): Promise<void> {
  try {
    await services.storage.remove(path);
    await services.voices.delete(id);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    warn("voice_left_to_the_sweeper", { voice_id: id });
  }
}
