/** What the functions share: made once for each worker. */

import { callerOf } from "./caller.ts";
import { ledgerUnavailable } from "./failure.ts";
import { Verifier } from "./identity.ts";
import { Jwks } from "./jwks.ts";
import { Ledger } from "./ledger.ts";
import { Memory } from "./memory.ts";
import { Mistral } from "./mistral.ts";
import { Models } from "./models.ts";
import { MAX_FIELDS_BYTES } from "./multipart.ts";
import { Once } from "./idempotency.ts";
import { Receipts } from "./receipts.ts";
import { LEASE_SLACK_SECONDS, Transcriber } from "./transcriber.ts";
import { Rpc } from "./rpc.ts";
import type { Settings } from "./settings.ts";
import { Storage, TRANSFER_SECONDS } from "./storage.ts";
import { Supabase } from "./supabase.ts";
import { VoiceTable } from "./voice_table.ts";

/** A request on its way. */
export interface Call {
  readonly request: Request;
  readonly requestId: string;
  /** Address of the socket's other end. */
  readonly peer: string | undefined;
  /** What follows the route in the path, such as a voice's id. */
  readonly rest: string;
}

export type Services = Readonly<ReturnType<typeof compose>>;

export function compose(settings: Settings) {
  const supabase = new Supabase(settings);
  const ledger = new Ledger(new Rpc(supabase, ledgerUnavailable));
  const verifier = new Verifier(settings, new Jwks(settings.supabaseUrl));
  // The longest that one request may take once its body is here.
  const holdSeconds = Math.ceil(settings.providerFileSeconds) + 2 * TRANSFER_SECONDS +
    2 * LEASE_SLACK_SECONDS;
  const canTranscribe = settings.transcriptionEnabled && settings.mistralApiKey !== undefined;
  return {
    settings,
    ledger,
    once: new Once(new Rpc(supabase), holdSeconds),
    storage: new Storage(supabase, settings),
    memory: new Memory(settings.maxUploadBytes),
    voices: new VoiceTable(supabase),
    receipts: new Receipts(settings.secretKey),
    /** undefined: transcription is off, or has no key. */
    transcriber: canTranscribe
      ? new Transcriber(settings, new Mistral(settings), new Models(settings), ledger)
      : undefined,
    /** How slowly a body may come. */
    pace: {
      seconds: settings.uploadSeconds,
      idleSeconds: settings.uploadIdleSeconds,
      bytesPerSecond: settings.uploadMinRate,
    },
    /** The file, the fields, and the headers of all parts. */
    maxBodyBytes: settings.maxUploadBytes + MAX_FIELDS_BYTES + 64 * 1024,
    /** Return who is calling, or throw the reason why the caller is refused. */
    callerOf: ({ request, peer }: Call) =>
      callerOf(request, verifier, peer, settings.trustedProxyHops),
  };
}
