/** `POST /api/transcriptions`: a file in, its transcript out. */

import { inspect } from "./audio.ts";
import { inBackground } from "./background.ts";
import { readText } from "./body.ts";
import type { Caller } from "./caller.ts";
import { EventStream, isWanted } from "./event_stream.ts";
import { Failure, unexpected } from "./failure.ts";
import { fromFields, fromJson } from "./fields.ts";
import type { Fitted } from "./fitting.ts";
import type { Transcription, TranscriptionOptions } from "./generated/protocol.ts";
import { compared } from "./matching.ts";
import type { Result } from "./mistral_answers.ts";
import { formOf, isMultipart } from "./multipart.ts";
import { fingerprint, keyOf, sha256 } from "./idempotency.ts";
import { mediaType } from "./parameters.ts";
import { eventOf } from "./problem.ts";
import type { Tell, Transcriber } from "./transcriber.ts";
import { Report } from "./report.ts";
import type { Call, Services } from "./services.ts";

/** What a request asks for. */
interface Asked {
  readonly options: TranscriptionOptions;
  /** A recording in storage, or the file that came with the request. */
  readonly source: string | Uint8Array<ArrayBuffer>;
}

/** How a streamed answer begins and continues. */
interface Telling {
  readonly begin: () => void;
  readonly tell: Tell | undefined;
}

const AT_ONCE: Telling = { begin: () => {}, tell: undefined };

export async function postTranscription(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  if (!isWanted(call.request.headers.get("Accept"))) {
    return Response.json(await transcribe(call, caller, services, AT_ONCE));
  }
  const events = new EventStream();
  // A job of its own: a reader who leaves is charged all the same, and finds the answer under
  // the idempotency key.
  const job = stream(call, caller, services, events);
  inBackground(job.catch(() => {}));
  return await events.answer(job);
}

async function stream(
  call: Call,
  caller: Caller,
  services: Services,
  events: EventStream,
): Promise<void> {
  const tell: Tell = (piece) =>
    events.send(
      "delta" in piece
        ? { type: "delta", text: piece.delta }
        : { type: "segment", ...piece.segment },
    );
  try {
    const answer = await transcribe(call, caller, services, { begin: () => events.begin(), tell });
    await events.send({ type: "final", ...answer });
  } catch (error) {
    if (!events.begun) throw error;
    const failure = error instanceof Failure ? error : unexpected("transcription_failed", error);
    await events.send(eventOf(failure));
  } finally {
    events.end();
  }
}

/** Take a file to its transcript, leaving nothing behind. */
async function transcribe(
  call: Call,
  caller: Caller,
  services: Services,
  telling: Telling,
): Promise<Transcription> {
  const report = new Report(caller, call.requestId);
  try {
    const { transcriber } = services;
    if (transcriber === undefined) throw new Failure("transcription_disabled");
    const offered = { ...services, transcriber };
    return await services.memory.holding((take) =>
      reported(call, caller, offered, { ...telling, take }, report)
    );
  } catch (error) {
    const failure = error instanceof Failure ? error : unexpected("transcription_failed", error);
    report.failed(failure);
    throw failure;
  } finally {
    report.tell();
  }
}

async function reported(
  call: Call,
  caller: Caller,
  services: Services & { transcriber: Transcriber },
  { begin, tell, take }: Telling & { take: (bytes: number) => void },
  report: Report,
): Promise<Transcription> {
  const key = keyOf(call.request);
  const { options, source } = await receive(call.request, services, take);
  // In a stream a provider that tells times tells no words before them.
  const wantsTimes = options.check_text !== undefined && tell === undefined;
  const fitted = await services.transcriber.fit(options, wantsTimes);
  report.asked(fitted.options);
  const name = typeof source === "string" ? source : sha256(source);
  const same = fingerprint("transcriptions", name, options);
  const answered = await services.once.do(caller, key, same, async () => {
    const bytes = typeof source === "string"
      ? await services.storage.download(source, caller, take)
      : source;
    report.received(bytes.length);
    const audio = await inspect(bytes, services.settings);
    const how = { caller, report, begin, tell };
    const result = await services.transcriber.recognise(audio, fitted.options, how);
    const told = answer(result, fitted, audio.seconds, call.requestId);
    if (options.check_text !== undefined) {
      told.match = compared(options.check_text, result, told.language, audio.seconds);
    }
    const heard = { userId: caller.user.id, audioSha256: sha256(bytes), text: result.text };
    const receipt = services.receipts.issue(heard);
    if (receipt !== undefined) told.receipt = receipt;
    return { status: 200, answer: told };
  });
  if (answered.repeated) {
    begin();
    report.repeated();
  }
  return answered.answer as Transcription;
}

/** Read a request's body. */
async function receive(
  request: Request,
  services: Services,
  take: (bytes: number) => void,
): Promise<Asked> {
  const contentType = request.headers.get("Content-Type") ?? "";
  if (isMultipart(contentType)) {
    const form = await formOf(request, contentType, services, take);
    const options = fromFields("TranscriptionOptions", form.fields);
    if (form.file === undefined) throw new Failure("invalid_message", "audio: Field required");
    return { options, source: form.file };
  }
  if (mediaType(contentType) === "application/json") {
    const stored = fromJson("StoredTranscriptionRequest", await readText(request, services.pace));
    const { storage_path: source, ...options } = stored;
    return { options, source };
  }
  throw new Failure(
    "invalid_message",
    "Send multipart/form-data with a file, or application/json.",
  );
}

function answer(result: Result, fitted: Fitted, seconds: number, requestId: string): Transcription {
  const { options: { model, language }, warnings, told: timestamps } = fitted;
  const told: Transcription = {
    text: result.text,
    model,
    duration_seconds: seconds,
    request_id: requestId,
  };
  const spoken = result.language ?? language;
  if (spoken !== undefined) told.language = spoken;
  if (timestamps === "segment") told.segments = [...result.segments];
  if (timestamps === "word") told.words = [...result.words];
  if (warnings.length > 0) told.warnings = warnings;
  return told;
}
