/** What a dictation button says, in English; pages in other languages give their own. */
export const DICTATION_LABELS = {
  start: "Dictate",
  stop: "Stop dictating",
  opening: "Waiting for the microphone…",
  finishing: "Finishing…",
};

export type DictationLabels = typeof DICTATION_LABELS;

export function dictationLabel(
  stage: "idle" | "opening" | "listening" | "paused" | "finishing",
  labels: { readonly [K in keyof DictationLabels]?: string | null | undefined } = {},
): string {
  const key =
    stage === "idle" ? "start" : stage === "listening" || stage === "paused" ? "stop" : stage;
  return labels[key] ?? DICTATION_LABELS[key];
}
