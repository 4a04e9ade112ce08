/** Answers the cases of `tests/vectors` with the Edge Function's own code: cases in, answers out. */

import { Failure } from "../../supabase/functions/_shared/failure.ts";
import { type Bodies, fromFields, fromJson } from "../../supabase/functions/_shared/fields.ts";
import { fit } from "../../supabase/functions/_shared/fitting.ts";
import { fingerprint } from "../../supabase/functions/_shared/idempotency.ts";
import { toCode } from "../../supabase/functions/_shared/languages.ts";
import { ofStatus } from "../../supabase/functions/_shared/mistral_failures.ts";
import type { FileCapabilities } from "../../supabase/functions/_shared/models.ts";
import {
  checkedKey,
  checkedOrigin,
  checkedPublishable,
  checkedSecret,
  pasted,
} from "../../supabase/functions/_shared/pasted.ts";
import { isMultipart, readForm } from "../../supabase/functions/_shared/multipart.ts";
import { type Voice } from "../../supabase/functions/_shared/generated/match/coverage.ts";
import { type Evidence } from "../../supabase/functions/_shared/generated/match/doubts.ts";
import { match } from "../../supabase/functions/_shared/generated/match/match.ts";
import { Receipts } from "../../supabase/functions/_shared/receipts.ts";
import { redacted } from "../../supabase/functions/_shared/redaction.ts";
import { clean } from "../../supabase/functions/_shared/text.ts";

// deno-lint-ignore no-explicit-any
type Case = any;

const SETTINGS = {
  pasted,
  key: checkedKey,
  publishable: checkedPublishable,
  secret: checkedSecret,
  origin: checkedOrigin,
};

const RULES: Record<string, (one: Case) => unknown> = {
  text: ({ text, in_a_line }) => clean(text, { inALine: in_a_line }),
  languages: ({ written }) => toCode(written) ?? null,
  bodies: ({ body, fields, json, request }) => {
    const name = body as keyof Bodies;
    const read = fields === undefined ? fromJson(name, json) : fromFields(name, fields);
    if (request === undefined) return { read };
    return { read, fingerprint: fingerprint(request[0], request[1], read) };
  },
  forms: async ({ content_type, body, piece }) => {
    if (!isMultipart(content_type)) throw new RangeError("no form");
    const bytes = Uint8Array.from(body as string, (one) => one.charCodeAt(0));
    const limits = { expected: bytes.length, maxFileBytes: 1000 };
    const { fields, file } = await readForm(cut(bytes, piece), content_type, limits);
    return { fields, file: file === undefined ? null : String.fromCharCode(...file) };
  },
  fitting: ({ asked, can }) => {
    const { options, warnings } = fit(
      {
        model: "any",
        language: asked.language,
        contextBias: asked.context_bias ?? [],
        timestamps: asked.timestamps,
        diarize: asked.diarize ?? false,
        speakers: asked.speakers ?? [],
      },
      {
        languages: new Set(can.languages),
        timestamps: new Set(can.timestamps),
        diarization: can.diarization,
        contextBias: can.context_bias,
        singleWordBias: can.single_word_bias,
        languageOrTimestamps: can.language_or_timestamps,
        languageOnRequest: can.language_on_request,
        speakerReferences: can.speaker_references,
        maxBiasTerms: can.max_bias_terms ?? undefined,
        maxBiasBytes: can.max_bias_bytes ?? undefined,
        microdollarsPerMinute: undefined,
      } satisfies FileCapabilities,
    );
    const { language = null, contextBias, timestamps = null, diarize, returnLanguage } = options;
    const fitted = { language, context_bias: contextBias, timestamps, diarize, warnings };
    return { ...fitted, return_language: returnLanguage };
  },
  receipts: ({ secret, user, audio, text, receipt }) =>
    new Receipts(secret).read(receipt, { userId: user, audioSha256: audio, text }) ?? null,
  match: ({ text, witnesses, language, voice }) =>
    match(text, witnesses.map(evidence), { language, voice: voice && voiceOf(voice) }),
  redaction: ({ text }) => redacted(text),
  settings: ({ rule, value }) => SETTINGS[rule as keyof typeof SETTINGS](value),
  refusals: ({ status, body, retry_after }) => {
    const { code, message, retryAfter = null } = ofStatus(status, body, retry_after ?? null);
    return { code, message, retry_after: retryAfter };
  },
};

function evidence({ witness, text, words = [], segments = [] }: Case): Evidence {
  return { witness, text, words: words.map(timed), segments: segments.map(timed) };
}

function timed([text, start, end]: [string, number, number]) {
  return { text, start, end };
}

function voiceOf({ seconds, stretches }: Case): Voice {
  const spans = stretches?.map(([start, end]: [number, number]) => ({ start, end }));
  return { seconds, stretches: spans };
}

async function answer(rule: (one: Case) => unknown, one: Case): Promise<unknown> {
  try {
    return { is: await rule(one) };
  } catch (error) {
    if (error instanceof Failure) return { refused: error.code };
    if (error instanceof RangeError) return { refused: error.message };
    throw error;
  }
}

async function* cut(bytes: Uint8Array, piece: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

const asked: Record<string, Case[]> = await new Response(Deno.stdin.readable).json();
const answers: [string, unknown[]][] = [];
for (const [name, cases] of Object.entries(asked)) {
  const rule = RULES[name];
  if (rule === undefined) throw new Error(`no rule for ${name}`);
  answers.push([name, await Promise.all(cases.map((one) => answer(rule, one)))]);
}
// Mistral's refusals are logged on the way: the answers are the last line.
console.log(JSON.stringify(Object.fromEntries(answers)));
