/** The wire's messages: what is sent, and a careful look at what comes. */
import type * as Wire from "../generated/protocol";

export type ServerMessage = Wire.ServerMessage;

type Shape = Readonly<Record<string, "string" | "number" | "boolean">>;

/** The fields that this client relies on; everything else may be missing. */
const SHAPES: Readonly<Record<ServerMessage["type"], Shape>> = {
  ready: { session_id: "string", max_seconds: "number", resume_rewind_ms: "number" },
  delta: { text: "string" },
  language: { language: "string" },
  segment: { text: "string" },
  turn: { event: "string" },
  ack: { audio_ms: "number" },
  notice: { code: "string" },
  final: { text: "string", status: "string" },
  error: { code: "string", message: "string", retryable: "boolean" },
};

/** Returns undefined for what is not a message of this protocol: a client ignores it. */
export function parseServerMessage(data: unknown): ServerMessage | undefined {
  if (typeof data !== "string") return undefined;
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  const fields = message as Record<string, unknown>;
  if (typeof fields.type !== "string" || !Object.hasOwn(SHAPES, fields.type)) return undefined;
  const shape = SHAPES[fields.type as ServerMessage["type"]];
  const fits = Object.entries(shape).every(([name, type]) => typeof fields[name] === type);
  return fits ? (message as ServerMessage) : undefined;
}

/** What a session asks of the server, beside its audio. */
export interface SessionOptions {
  /** An English name, an ISO 639-1 code, a locale, or "Auto". */
  readonly language?: string | undefined;
  readonly contextBias?: readonly string[] | undefined;
  /** One of those that the service offers; its own choice without it. */
  readonly model?: string | undefined;
  /** Tell speakers apart. */
  readonly diarize?: boolean;
  /** Voices to be known again, with `diarize`. */
  readonly speakerReferences?: readonly Wire.SpeakerReference[];
  /** Whether, or how, to tell turns; not with `diarize`. */
  readonly turnDetection?: boolean | Wire.TurnSettings;
}

/** The options in the words of the wire; JSON leaves out those that are undefined. */
export function wireOptions(options: SessionOptions) {
  const { language, contextBias, model, diarize, speakerReferences } = options;
  return {
    language: language || undefined,
    context_bias: contextBias?.length ? contextBias : undefined,
    model: model || undefined,
    diarize,
    speaker_references: speakerReferences,
  } as Wire.TranscriptionOptions;
}

export function startMessage(
  options: SessionOptions,
  accessToken: string,
  resumes: string | undefined,
  avoid?: string,
): string {
  const start: Wire.Start = {
    type: "start",
    v: 1,
    audio_format: { encoding: "pcm_s16le", sample_rate: 16_000 },
    access_token: accessToken,
    ...wireOptions(options),
    ...(options.turnDetection ? { turn_detection: options.turnDetection } : {}),
    ...(resumes ? { resumes } : {}),
    ...(avoid ? { avoid } : {}),
  };
  return JSON.stringify(start);
}

export const STOP_MESSAGE = JSON.stringify({ type: "stop" } satisfies Wire.Stop);
