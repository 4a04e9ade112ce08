/** Mistral's answers to a file, told in our words. */

import { EventSourceParserStream } from "eventsource-parser/stream";
import { readAll } from "./body.ts";
import { Failure } from "./failure.ts";
import type { Segment, Word } from "./generated/protocol.ts";
import { alarm, kindOf, warn } from "./log.ts";
import { ofStatus, unavailable } from "./mistral_failures.ts";

/** Five minutes of speech, word by word, are about 0.2 MB. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface Result {
  readonly text: string;
  /** ISO 639-1. */
  readonly language: string | undefined;
  readonly segments: readonly Segment[];
  readonly words: readonly Word[];
  /** The provider's own name of the request. */
  readonly requestId: string | undefined;
}

export type FileEvent = { delta: string } | { segment: Segment } | { result: Result };

/**
 * Return what an answer with status 200 says.
 *
 * @throws {Failure} `provider_unavailable`: it breaks off, is too large, or not what was promised.
 */
export async function resultOf(response: Response, byWord: boolean): Promise<Result> {
  const body = await readBody(response);
  return read(() => result(parsed(body), byWord, response));
}

/**
 * Iterate over server-sent events up to and with the result; unknown ones are passed over.
 *
 * @throws {Failure} Mistral reports an error, or breaks off before it was done.
 */
export async function* eventsOf(response: Response, byWord: boolean): AsyncGenerator<FileEvent> {
  for await (const data of sent(response)) {
    const event = read(() => parsed(data));
    switch (event.type) {
      case "transcription.text.delta":
        if (typeof event.text === "string") yield { delta: event.text };
        break;
      case "transcription.segment": {
        const told = segment(event);
        if (told !== undefined) yield { segment: told };
        break;
      }
      case "transcription.done":
        if (typeof event.text !== "string") break;
        yield { result: read(() => result(event, byWord, response)) };
        return;
      case "error":
        throw failed(event);
    }
  }
  warn("provider_lost", { error: "no done" });
  throw unavailable();
}

/** Return what an answer with another status means. */
export async function refusalOf(response: Response): Promise<Failure> {
  warn("provider_refused", { status: response.status });
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(await readAll(response.body, MAX_BYTES)));
  } catch {
    body = undefined;
  }
  return ofStatus(response.status, body, response.headers.get("Retry-After"));
}

async function readBody(response: Response): Promise<string> {
  try {
    return new TextDecoder().decode(await readAll(response.body, MAX_BYTES));
  } catch (error) {
    throw lost(error);
  }
}

/** The data of each event; an answer that is unreasonably large breaks off. */
async function* sent(response: Response): AsyncGenerator<string> {
  let size = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new RangeError("too large");
      controller.enqueue(chunk);
    },
  });
  const events = (response.body ?? new Blob().stream())
    .pipeThrough(counted)
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_BYTES }));
  try {
    for await (const event of events) yield event.data;
  } catch (error) {
    throw lost(error);
  }
}

function lost(error: unknown): Failure {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    warn("provider_too_slow");
    return unavailable("The provider took too long.");
  }
  warn("provider_lost", { error: kindOf(error) });
  return unavailable();
}

function failed(event: Values): Failure {
  const code = (event.error as Values | undefined)?.code;
  warn("provider_error_event", { code: typeof code === "number" ? code : undefined });
  return ofStatus(typeof code === "number" ? code : 500, event, null);
}

type Values = Record<string, unknown>;

/** Runs what reads an answer: one that is not as promised is the provider's fault. */
function read<T>(reading: () => T): T {
  try {
    return reading();
  } catch (error) {
    if (error instanceof Failure) throw error;
    alarm("provider_answer_not_understood", { error: kindOf(error) });
    throw unavailable();
  }
}

function parsed(data: string): Values {
  const value: unknown = JSON.parse(data);
  if (typeof value !== "object" || value === null) throw new TypeError("no object");
  return value as Values;
}

function result(answer: Values, byWord: boolean, response: Response): Result {
  const listed: unknown[] = Array.isArray(answer.segments) ? answer.segments : [];
  const pieces = listed.map(segment).filter((one) => one !== undefined);
  return {
    text: text(answer.text),
    language: typeof answer.language === "string" && answer.language ? answer.language : undefined,
    segments: byWord ? [] : pieces,
    words: byWord ? pieces.map(word) : [],
    requestId: response.headers.get("X-Request-Id") ?? undefined,
  };
}

/** Return a stretch of speech, with what is known of it; undefined where there is no text. */
function segment(piece: unknown): Segment | undefined {
  if (typeof piece !== "object" || piece === null) return undefined;
  const { text, start, end, speaker_id: speaker, score } = piece as Values;
  if (typeof text !== "string") return undefined;
  const told: Segment = { text };
  const [from, to] = [seconds(start), seconds(end)];
  if (from !== undefined) told.start = from;
  if (to !== undefined) told.end = Math.max(from ?? 0, to);
  if (typeof speaker === "string" && speaker) told.speaker = speaker;
  if (typeof score === "number" && Number.isFinite(score)) told.score = score;
  return told;
}

function word({ text, start, end }: Segment): Word {
  const told: Word = { text };
  if (start !== undefined) told.start = start;
  if (end !== undefined) told.end = end;
  return told;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("no text");
  return value;
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
