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

export interface CloneForm {
  readonly name: string;
  readonly consent: boolean;
}

/** Why the voice cannot be made yet: the first thing to do about it. */
export function whyNot(
  value: ReferenceAudioValue,
  state: ReferenceAudioState,
  form: CloneForm,
): string | undefined {
  if (state.recorder.stage !== "idle") return "Stop the recording first.";
  if (!state.take) return "Record or upload your voice first.";
  if (!value.file) return "This take cannot be used; see above.";
  if (value.busy && !state.transcript.edited) return "The transcript is on its way.";
  const transcript = cleanText(value.transcript, "lines");
  if (transcript.fault) return `The transcript holds ${transcript.fault}.`;
  if (transcript.length < LIMITS.min_transcript_characters) {
    return `The transcript needs at least ${LIMITS.min_transcript_characters} characters.`;
  }
  const tooLong = (name: string, by: number) =>
    `The ${name} is too long by ${by} ${by === 1 ? "character" : "characters"}.`;
  const surplus = transcript.length - LIMITS.max_transcript_characters;
  if (surplus > 0) return tooLong("transcript", surplus);
  const name = cleanText(form.name, "line");
  if (name.fault) return `The name holds ${name.fault}.`;
  if (name.text === "") return "Give the voice a name.";
  const over = name.length - LIMITS.max_voice_name_characters;
  if (over > 0) return tooLong("name", over);
  if (!form.consent) return "Confirm that you may use this voice.";
  return undefined;
}

export type CloneOutcome = { readonly voice: Voice } | { readonly failure: CallFailure };

export async function clone(
  reference: ReferenceAudio,
  form: CloneForm,
  onProgress: Progress,
): Promise<CloneOutcome> {
  const { take, transcript } = reference.getSnapshot();
  if (!take) throw new Error("There is no take.");
  const voice = {
    name: cleanText(form.name, "line").text,
    language: reference.value.language,
    transcript: cleanText(transcript.text, "lines").text,
    transcriptSource: transcriptSource(transcript),
    machineTranscript: machineText(transcript),
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
