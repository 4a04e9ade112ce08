/** The table of voices: written with the secret key, read with the caller's own token. */

import type { Caller } from "./caller.ts";
import { backendUnavailable } from "./failure.ts";
import type { Voice, VoiceDetail, VoiceMatch } from "./generated/protocol.ts";
import type { Supabase } from "./supabase.ts";

const SECONDS = 30;

/** What a list shows of a voice: its texts are long, and there may be many. */
export interface ListedVoice {
  readonly id: string;
  readonly name: string;
  readonly language: string;
  readonly duration_seconds: number;
  readonly created_at: string;
}

/** One voice, as it is kept. */
export interface VoiceRow extends ListedVoice {
  readonly status: "pending" | "ready";
  readonly transcript: string;
  readonly transcript_source: VoiceDetail["transcript_source"];
  readonly machine_transcript: string | null;
  readonly settled_by: NonNullable<VoiceDetail["settled_by"]> | null;
  readonly window_start_ms: number | null;
  readonly match: VoiceMatch | null;
  readonly consent: boolean;
  readonly storage_path: string;
}

/** Voices of all users. Each call throws `backend_unavailable` if the outcome is unknown. */
export class VoiceTable {
  constructor(private readonly supabase: Supabase) {}

  async insert(row: Record<string, unknown>): Promise<void> {
    await this.write("POST", "voices", row);
  }

  /** Say that a voice's recording is stored; undefined where the voice is gone. */
  async makeReady(id: string): Promise<VoiceRow | undefined> {
    return first(await this.write("PATCH", `voices?id=eq.${id}`, { status: "ready" }));
  }

  /** Give a voice another name; undefined where the voice is gone. */
  async rename(id: string, name: string): Promise<VoiceRow | undefined> {
    return first(await this.write("PATCH", `voices?id=eq.${id}`, { name }));
  }

  async delete(id: string): Promise<void> {
    await this.write("DELETE", `voices?id=eq.${id}`);
  }

  /** The caller's voices, newest first; only those made before a moment, if one is given. */
  async of(caller: Caller, limit: number, before?: string): Promise<ListedVoice[]> {
    const query = new URLSearchParams({
      select: "id,name,language,duration_seconds,created_at",
      status: "eq.ready",
      order: "created_at.desc",
      limit: String(limit),
    });
    // No two voices of a user have the same moment.
    if (before !== undefined) query.set("created_at", `lt.${before}`);
    return await this.read(query.toString(), caller);
  }

  /** A voice of the caller's own. */
  async find(id: string, caller: Caller): Promise<VoiceRow | undefined> {
    return first(await this.read(`select=*&id=eq.${id}`, caller));
  }

  private async read(query: string, caller: Caller): Promise<VoiceRow[]> {
    const headers = this.supabase.asCaller(caller);
    const rows = await this.supabase.rows(`voices?${query}`, {
      headers,
      seconds: SECONDS,
    });
    return rows as VoiceRow[];
  }

  private write(method: string, path: string, body?: Record<string, unknown>): Promise<unknown[]> {
    return this.supabase.rows(path, {
      method,
      headers: {
        ...this.supabase.asService(),
        "Content-Type": "application/json",
        "Prefer": "return=representation",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      seconds: SECONDS,
    });
  }
}

/** A voice as it stands in a list. */
export function shown(row: ListedVoice): Voice {
  return {
    voice_id: row.id,
    name: row.name,
    language: row.language,
    duration_seconds: Number(row.duration_seconds),
    created_at: inUtc(row.created_at),
  };
}

/** A moment as Postgres writes it, in the form of RFC 3339 that browsers read best. */
export function inUtc(moment: string): string {
  return moment.replace(/\+00(?::00)?$/, "Z");
}

function first(rows: unknown[]): VoiceRow | undefined {
  const row = rows[0] as VoiceRow | undefined;
  if (row !== undefined && typeof row.id !== "string") throw backendUnavailable();
  return row;
}
