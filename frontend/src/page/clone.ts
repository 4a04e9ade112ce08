/** From a take, its words and a name to a voice. */
import {
  type CallFailure,
  cleanText,
  cloneVoice,
  LIMITS,
  machineText,
  type Progress,
  type ReferenceAudio,
  type ReferenceAudioState,
  type ReferenceAudioValue,
  toCallFailure,
  transcriptSource,
  type Voice,
} from "../index";
import type { PageWords } from "./catalogue";

/** What a text holds that is refused, as the keys of its messages name it. */
const FAULTS = {
  "a control character": "control",
  "nothing that can be seen": "unseen",
  "too many marks": "marks",
} as const;

export interface CloneForm {
  readonly name: string;
  readonly consent: boolean;
}

/** Why the voice cannot be made yet: the first thing to do about it. */
export function whyNot(
  t: PageWords,
  value: ReferenceAudioValue,
  state: ReferenceAudioState,
  form: CloneForm,
): string | undefined {
  if (state.recorder.stage !== "idle") return t("missing.stop");
  if (!state.take) return t("missing.take");
  if (!value.file) return t("missing.usable");
  if (value.busy && !state.transcript.edited) return t("missing.wait");
  const transcript = cleanText(value.transcript, "lines");
  if (transcript.fault) return t(`missing.transcript.${FAULTS[transcript.fault]}`);
  if (transcript.length < LIMITS.min_transcript_characters) {
    return t("missing.transcript", { count: LIMITS.min_transcript_characters });
  }
  const surplus = transcript.length - LIMITS.max_transcript_characters;
  if (surplus > 0) return t("missing.transcriptTooLong", { count: surplus });
  const name = cleanText(form.name, "line");
  if (name.fault) return t(`missing.name.${FAULTS[name.fault]}`);
  if (name.text === "") return t("missing.name");
  const over = name.length - LIMITS.max_voice_name_characters;
  if (over > 0) return t("missing.nameTooLong", { count: over });
  if (!form.consent) return t("missing.consent");
  return undefined;
}

export type CloneOutcome = { readonly voice: Voice } | { readonly failure: CallFailure };

export async function clone(
  reference: ReferenceAudio,
  form: CloneForm,
  onProgress: Progress,
): Promise<CloneOutcome> {
  const { take, transcript, cut } = reference.getSnapshot();
  if (!take) throw new Error("There is no take.");
  const voice = {
    name: cleanText(form.name, "line").text,
    language: reference.value.language,
    transcript: cleanText(transcript.text, "lines").text,
    transcriptSource: transcriptSource(transcript),
    machineTranscript: machineText(transcript),
    receipt: transcript.receipt,
    settledBy: await reference.settledBy(),
    cutFrom: cut?.from,
    consent: form.consent,
  };
  try {
    const made = await reference.transcriber.withAudio(
      take,
      onProgress,
      (audio, idempotencyKey) =>
        cloneVoice(reference.services.api, audio, voice, { idempotencyKey, onProgress }),
      JSON.stringify(["clone", voice]),
    );
    return { voice: made };
  } catch (error) {
    return { failure: toCallFailure(error) };
  }
}
