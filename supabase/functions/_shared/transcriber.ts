/** A file becomes text: fitted options, reserved seconds, the provider, the settlement. */

import type { AudioFile } from "./audio.ts";
import type { Caller } from "./caller.ts";
import { Failure } from "./failure.ts";
import { type Asked, type FileOptions, fit, type Fitted } from "./fitting.ts";
import type { Segment, TranscriptionOptions } from "./generated/protocol.ts";
import { toCode } from "./languages.ts";
import type { Close, Ledger } from "./ledger.ts";
import type { Mistral } from "./mistral.ts";
import type { Result } from "./mistral_answers.ts";
import type { Models } from "./models.ts";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";

/** Beyond the provider's deadline: the way to the ledger and back. */
export const LEASE_SLACK_SECONDS = 30;

/** Receives the text as it comes. */
export type Tell = (piece: { delta: string } | { segment: Segment }) => Promise<void>;

/** Hands files to the provider, within what the ledger grants. */
export class Transcriber {
  constructor(
    private readonly settings: Settings,
    private readonly mistral: Mistral,
    readonly models: Models,
    private readonly ledger: Ledger,
  ) {}

  /**
   * Return what to ask of the provider.
   *
   * @param wantsTimes As for `fit`.
   * @throws {Failure} `not_found`: the model is not offered; `invalid_message`: it cannot do what
   *   is asked for.
   */
  async fit(asked: TranscriptionOptions, wantsTimes: boolean): Promise<Fitted> {
    const model = asked.model ?? this.settings.transcribeModel;
    if (!this.settings.fileModels.has(model)) {
      throw new Failure("not_found", "There is no such model for files here.");
    }
    const options: Asked = {
      model,
      language: toCode(asked.language),
      contextBias: asked.context_bias ?? [],
      timestamps: asked.timestamps,
      diarize: asked.diarize === true,
      speakers: asked.speaker_references ?? [],
    };
    return fit(options, await this.models.capabilities(model), wantsTimes);
  }

  /**
   * Reserve the file's seconds, have it transcribed, and settle, whatever happens.
   *
   * What gave no text is not charged; what gave some is charged for the whole file.
   *
   * @param begin Called when the seconds are reserved.
   * @param tell Given the text as it comes; undefined asks for the whole at once.
   * @throws {Failure} the ledger's or the provider's refusal.
   */
  async recognise(
    audio: AudioFile,
    options: FileOptions,
    { caller, report, begin, tell }: {
      caller: Caller;
      report: Report;
      begin: () => void;
      tell: Tell | undefined;
    },
  ): Promise<Result> {
    const { seconds } = audio;
    const leaseSeconds = Math.ceil(this.settings.providerFileSeconds) + LEASE_SLACK_SECONDS;
    const id = await this.ledger.open(caller, { model: options.model, seconds, leaseSeconds });
    report.reserved(id, seconds);
    let close: Close = { seconds: 0, status: "failed" };
    try {
      begin();
      const result = tell === undefined
        ? await this.mistral.transcribe(audio, options)
        : await this.stream(audio, options, async (piece) => {
          close = { seconds, status: "partial" };
          report.told();
          await tell(piece);
        });
      close = { seconds, status: "complete" };
      report.recognised(result);
      return result;
    } catch (error) {
      close = { ...close, reason: error instanceof Failure ? error.code : "internal" };
      throw error;
    } finally {
      report.settled(await this.ledger.close(id, close));
    }
  }

  private async stream(audio: AudioFile, options: FileOptions, tell: Tell): Promise<Result> {
    for await (const event of this.mistral.stream(audio, options)) {
      if ("result" in event) return event.result;
      await tell(event);
    }
    throw new Failure("provider_unavailable");
  }
}
