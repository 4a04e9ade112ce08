/** The record of a file's transcription when it has ended: one log line. */

import type { Caller } from "./caller.ts";
import type { Failure } from "./failure.ts";
import type { FileOptions } from "./fitting.ts";
import { info } from "./log.ts";
import type { Result } from "./mistral_answers.ts";

/** Gathers what a transcription's wide line holds; never a token, a key or a word. */
export class Report {
  private readonly began = performance.now();
  private handed: number | undefined;
  private readonly line: Record<string, string | number | boolean | undefined>;

  constructor(caller: Caller, requestId: string) {
    const { id, isAnonymous } = caller.user;
    this.line = {
      kind: "batch",
      provider: "mistral",
      request_id: requestId,
      user_id: id,
      anonymous: isAnonymous,
      status: "abandoned",
    };
  }

  received(bytes: number): void {
    this.line.bytes_in = bytes;
  }

  asked({ model, language }: FileOptions): void {
    Object.assign(this.line, { model, language });
  }

  /** The ledger has granted the file's whole length, in seconds. */
  reserved(sessionId: string, seconds: number): void {
    this.handed = performance.now();
    Object.assign(this.line, {
      session_id: sessionId,
      audio_seconds: seconds,
      ready_ms: milliseconds(this.began),
    });
  }

  /** A piece of text went to the caller. */
  told(): void {
    this.line.deltas = Number(this.line.deltas ?? 0) + 1;
    this.line.first_delta_ms ??= milliseconds(this.handed ?? this.began);
  }

  recognised({ language, requestId }: Result): void {
    this.line.status = "complete";
    this.line.language = language ?? this.line.language;
    this.line.provider_request_id = requestId;
    this.line.finish_ms = milliseconds(this.handed ?? this.began);
  }

  settled(costMicrodollars: number | undefined): void {
    this.line.cost_microdollars = costMicrodollars;
  }

  failed(failure: Failure): void {
    this.line.status = this.line.deltas === undefined ? "refused" : "partial";
    this.line.code = failure.code;
  }

  /** It was answered before, under the same idempotency key. */
  repeated(): void {
    this.line.status = "complete";
  }

  /** Write the line. */
  tell(): void {
    this.line.wall_seconds = milliseconds(this.began) / 1000;
    info("transcription", this.line);
  }
}

function milliseconds(since: number): number {
  return Math.round(performance.now() - since);
}
