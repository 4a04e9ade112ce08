/** What a verdict on a recording says. */
import type { Verdict } from "../audio/gate";
import type { PanelWords } from "./panels/catalogue";

export function verdictWords(t: PanelWords, verdict: Verdict): string {
  const { says, seconds = 0, limit = 0, best = { from: 0, to: 0 } } = verdict;
  const inSeconds = (count: number, digits = 0) =>
    count.toLocaleString(t.locale, {
      style: "unit",
      unit: "second",
      unitDisplay: "long",
      minimumFractionDigits: digits,
    });
  // A short recording is told in tenths.
  const length = inSeconds(seconds, says === "tooShort" || says === "short" ? 1 : 0);
  return t(`verdict.${says}`, { length, limit: inSeconds(limit), ...best });
}
