/** What verdicts say: on a recording, and on the sound before one. */
import type { Verdict } from "../audio/gate";
import type { CheckVerdict } from "../take/sound-check";
import type { PanelWords } from "./panels/catalogue";

export const checkWords = (t: PanelWords, verdict: CheckVerdict): string =>
  t(verdict === "dead" ? "hint.silent" : `check.${verdict}`);

export function verdictWords(t: PanelWords, verdict: Verdict): string {
  if (verdict.says === "silent" || verdict.says === "noisy") return t(`hint.${verdict.says}`);
  const { says, seconds = 0, limit = 0, best = { from: 0, to: 0 } } = verdict;
  const inSeconds = (count: number, digits = 0) =>
    count.toLocaleString(t.locale, {
      style: "unit",
      unit: "second",
      unitDisplay: "long",
      minimumFractionDigits: digits,
    });
  // A short recording is shown in tenths.
  const length = inSeconds(seconds, says === "tooShort" || says === "short" ? 1 : 0);
  return t(`verdict.${says}`, { length, limit: inSeconds(limit), ...best });
}
