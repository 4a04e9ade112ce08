/** What a dictation button says. */
import type { SHARED_WORDS } from "../ui/words/catalogue";

type Words = ReturnType<typeof SHARED_WORDS.in>;

/** Your own wording; the rest comes in the component's language. */
export interface DictationLabels {
  readonly start: string;
  readonly stop: string;
  readonly opening: string;
  readonly finishing: string;
}

export function dictationLabel(
  t: Words,
  stage: "idle" | "opening" | "listening" | "paused" | "finishing",
  labels: { readonly [K in keyof DictationLabels]?: string | null | undefined } = {},
): string {
  const key =
    stage === "idle" ? "start" : stage === "listening" || stage === "paused" ? "stop" : stage;
  return labels[key] ?? t(`dictation.${key}`);
}
