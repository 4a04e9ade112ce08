/** From a take, its words and a name to a voice. */
import { LIMITS } from "../generated/constants";
import type { Voice } from "../generated/protocol";
import { type CallFailure, toCallFailure } from "../reference-audio/call-failure";
import type { ReferenceAudio } from "../reference-audio/reference-audio";
import type { ReferenceAudioState, ReferenceAudioValue } from "../reference-audio/state";
import { cloneVoice } from "../services/api";
import type { Progress } from "../services/http";
import { machineText, transcriptSource } from "../transcript/transcript";

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
  if (value.transcript.trim().length < LIMITS.min_transcript_characters) {
    return `The transcript needs at least ${LIMITS.min_transcript_characters} characters.`;
  }
  if (form.name.trim() === "") return "Give the voice a name.";
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
    name: form.name.trim(),
    language: reference.value.language,
    transcript: transcript.text.trim(),
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
