/** `/api/voices`: what a user has stored. */

import { readText } from "./body.ts";
import type { Caller } from "./caller.ts";
import { Failure } from "./failure.ts";
import { fromJson } from "./fields.ts";
import { LIMITS } from "./generated/constants.ts";
import type { VoiceDetail, VoiceList } from "./generated/protocol.ts";
import { warn } from "./log.ts";
import type { Call, Services } from "./services.ts";
import { shown, type VoiceRow } from "./voice_table.ts";

/** As `VOICES_BEFORE` of the contract. */
const BEFORE = /^(?!0000)\d{4}-\d{2}-\d{2}T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,6})?Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The caller's voices, newest first, and where to read on. */
export async function listVoices(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const asked = new URL(call.request.url).searchParams;
  const limit = Number(wholly(asked, "limit", /^\d{1,4}$/) ?? LIMITS.max_voices_listed);
  if (limit < 1 || limit > LIMITS.max_voices_listed) throw badQuery("limit");
  const before = wholly(asked, "before", BEFORE);
  if (before !== undefined && !isDay(before.slice(0, 10))) throw badQuery("before");
  const rows = await services.voices.of(caller, limit + 1, before);
  const list: VoiceList = { voices: rows.slice(0, limit).map(shown) };
  const last = list.voices.at(-1);
  if (rows.length > limit && last) list.next = toMicroseconds(last.created_at);
  return Response.json(list);
}

function wholly(asked: URLSearchParams, name: string, pattern: RegExp): string | undefined {
  const value = asked.getAll(name).at(-1);
  if (value !== undefined && !pattern.test(value)) throw badQuery(name);
  return value;
}

/** Whether the calendar has it: `Date` takes 30 February for 2 March. */
function isDay(day: string): boolean {
  const moment = new Date(day);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}

function badQuery(name: string): Failure {
  return new Failure("invalid_message", `${name}: is out of range`);
}

/** A moment in UTC with six digits behind the point, as the Python service writes it. */
function toMicroseconds(moment: string): string {
  const [whole = "", digits = ""] = moment.replace(/Z$/, "").split(".");
  return `${whole}.${digits.padEnd(6, "0")}Z`;
}

/** A voice with its transcript, and an address where its recording can be fetched. */
export async function getVoice(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const row = await findReady(call.rest, caller, services);
  const voice: VoiceDetail = {
    ...shown(row),
    transcript: row.transcript,
    transcript_source: row.transcript_source,
    consent: row.consent,
    audio_url: await services.storage.sign(row.storage_path, caller),
    audio_url_expires_in: services.settings.signedUrlSeconds,
  };
  if (row.machine_transcript !== null) voice.machine_transcript = row.machine_transcript;
  if (row.settled_by !== null) voice.settled_by = row.settled_by;
  if (row.match !== null) voice.match = row.match;
  if (row.window_start_ms !== null) voice.window_start_ms = row.window_start_ms;
  return Response.json(voice);
}

/** Give a voice another name; two voices may have the same. */
export async function changeVoice(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  const { name } = fromJson("VoiceChangeRequest", await readText(call.request, services.pace));
  const row = await findReady(call.rest, caller, services);
  const renamed = await services.voices.rename(row.id, name);
  if (renamed === undefined) throw notThere();
  return Response.json(shown(renamed));
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

async function findReady(id: string, caller: Caller, services: Services): Promise<VoiceRow> {
  const row = await find(id, caller, services);
  if (row.status !== "ready") throw notThere();
  return row;
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
