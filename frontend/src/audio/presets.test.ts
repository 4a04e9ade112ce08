import { expect, test } from "vitest";
import { PRESETS } from "../generated/constants";
import { recordingHint } from "../reference-audio/RecordPanel";
import type { ReferenceAudioState } from "../reference-audio/state";
import { REFERENCE_WORDS } from "../reference-audio/words/catalogue";
import { judgeLength } from "./gate";
import { presetOf } from "./presets";

const t = REFERENCE_WORDS.in("en");

test.each(PRESETS)("$id: what the hint calls good, the verdict calls good", (preset) => {
  const limits = { minSeconds: 3, maxSeconds: 300, preset };
  const hint = (seconds: number) =>
    recordingHint(
      t,
      {
        preset: preset.id,
        recorder: { stage: "recording", seconds, silent: false, room: undefined },
        live: { secondsLeft: undefined },
      } as unknown as ReferenceAudioState,
      300,
    );
  for (const seconds of [preset.min_seconds, preset.best_seconds]) {
    expect(hint(seconds)).toBe(t("hint.good"));
    expect(judgeLength(seconds, limits).grade).toBe("good");
  }
  const best = { from: preset.min_seconds, to: preset.best_seconds };
  expect(hint(preset.min_seconds - 1)).toBe(t("hint.short", best));
  expect(judgeLength(preset.min_seconds - 0.1, limits)).toMatchObject({ says: "short", best });
  expect(judgeLength(preset.max_seconds + 1, limits)).toMatchObject({ says: "long", best });
});

test("An engine that nobody knows is any engine", () => {
  expect(presetOf(undefined).id).toBe("any");
});
