/** `/api/voices`: what a user has stored. */

import type { Caller } from "./caller.ts";
import { Failure } from "./failure.ts";
import type { VoiceDetail, VoiceList } from "./generated/protocol.ts";
import { warn } from "./log.ts";
import type { Call, Services } from "./services.ts";
import { shown, type VoiceRow } from "./voice_table.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The caller's voices, newest first. */
export async function listVoices(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const list: VoiceList = { voices: (await services.voices.of(caller)).map(shown) };
  return Response.json(list);
}

/** A voice with its transcript, and an address where its recording can be fetched. */
export async function getVoice(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const row = await find(call.rest, caller, services);
  if (row.status !== "ready") throw notThere();
  const voice: VoiceDetail = {
    ...shown(row),
    transcript: row.transcript,
    transcript_source: row.transcript_source,
    audio_url: await services.storage.sign(row.storage_path, caller),
    audio_url_expires_in: services.settings.signedUrlSeconds,
  };
  if (row.machine_transcript !== null) voice.machine_transcript = row.machine_transcript;
  return Response.json(voice);
}

/** Remove a voice and its recording. */
export async function deleteVoice(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const row = await find(call.rest, caller, services);
  await services.voices.delete(row.id);
  try {
    await services.storage.remove(row.storage_path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // A recording without a voice is swept.
    warn("recording_left_to_the_sweeper", { voice_id: row.id });
  }
  return new Response(null, { status: 204 });
}

async function find(id: string, caller: Caller, services: Services): Promise<VoiceRow> {
  if (!UUID.test(id)) throw new Failure("invalid_message", "voice_id: is no UUID");
  const row = await services.voices.find(id.toLowerCase(), caller);
  if (row === undefined) throw notThere();
  return row;
}

function notThere(): Failure {
  return new Failure("not_found", "There is no such voice of yours.");
}
