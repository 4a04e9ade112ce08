/** Mistral's batch wire: `POST /v1/audio/transcriptions`. */

import type { AudioFile } from "./audio.ts";
import { pause } from "./background.ts";
import { Failure } from "./failure.ts";
import type { FileOptions } from "./fitting.ts";
import { kindOf, warn } from "./log.ts";
import { eventsOf, type FileEvent, refusalOf, type Result, resultOf } from "./mistral_answers.ts";
import { unavailable } from "./mistral_failures.ts";
import { Form } from "./mistral_form.ts";
import type { Settings } from "./settings.ts";

const ATTEMPTS = 4;
const FIRST_PAUSE_SECONDS = 0.5;
/** A `Retry-After` beyond it is the caller's to wait for. */
const LONGEST_PAUSE_SECONDS = 20;
/** Statuses that say that the request was not worked on (RFC 6585, section 4; RFC 9110, 15.6.4). */
const NOT_PROCESSED = new Set([429, 503]);

/** Transcribes whole files with Mistral, within the deployment's deadline. */
export class Mistral {
  constructor(private readonly settings: Settings) {}

  /**
   * Transcribe a whole file.
   *
   * @throws {Failure} Mistral cannot be reached, refuses, or takes too long.
   */
  async transcribe(audio: AudioFile, options: FileOptions): Promise<Result> {
    const response = await this.send(audio, options, false);
    return await resultOf(response, options.timestamps === "word");
  }

  /** Transcribe a whole file and tell the text as it comes; the result is last. */
  async *stream(audio: AudioFile, options: FileOptions): AsyncGenerator<FileEvent> {
    const response = await this.send(audio, options, true);
    yield* eventsOf(response, options.timestamps === "word");
  }

  /** Send the file, again where it surely was not worked on, until an answer begins. */
  private async send(audio: AudioFile, options: FileOptions, stream: boolean): Promise<Response> {
    const { providerFileSeconds, mistralServerUrl, mistralApiKey } = this.settings;
    const deadline = performance.now() + providerFileSeconds * 1000;
    // One for every attempt and for reading the answer: the deadline of the whole call.
    const signal = AbortSignal.timeout(providerFileSeconds * 1000);
    const form = new Form(audio, options, stream);
    for (let attempt = 1;; attempt++) {
      let response: Response;
      try {
        response = await fetch(`${mistralServerUrl}/v1/audio/transcriptions`, {
          method: "POST",
          headers: {
            Authorization: `Bearer ${mistralApiKey}`,
            Accept: stream ? "text/event-stream" : "application/json",
            "Content-Type": form.contentType,
          },
          redirect: "manual",
          body: form.body(),
          signal,
        });
      } catch (error) {
        // It may have arrived, so it is not sent again.
        warn("provider_lost", { error: kindOf(error) });
        throw unavailable(signal.aborted ? "The provider took too long." : undefined);
      }
      if (response.status === 200) return response;
      const failure = await refusalOf(response);
      if (!NOT_PROCESSED.has(response.status)) throw failure;
      await this.waitAfter(failure, attempt, deadline);
    }
  }

  private async waitAfter(failure: Failure, attempt: number, deadline: number): Promise<void> {
    const longest = Math.min(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS);
    const wait = failure.retryAfter ?? longest * (0.5 + Math.random() / 2);
    const over = performance.now() + wait * 1000 >= deadline;
    if (attempt === ATTEMPTS || over || wait > LONGEST_PAUSE_SECONDS) throw failure;
    await pause(wait);
  }
}
