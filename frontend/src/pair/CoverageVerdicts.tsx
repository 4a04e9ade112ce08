/** Where words and voice do not cover one another, beside what the recording is like. */
import type { Coverage } from "../generated/protocol";
import { MARKS } from "../reference-audio/TakePanel";
import { tenths } from "../ui/format";
import { checkOf } from "./check";
import { usePairParts } from "./take-part";
import type { PairWords } from "./words/catalogue";

function sentence(t: PairWords, { kind, start, end, per_second }: Coverage): string {
  const place = { from: tenths(start), to: tenths(end) };
  const pace = { pace: (per_second ?? 0).toFixed(1) };
  switch (kind) {
    case "before_first_word":
      return t("cover.before", place);
    case "after_last_word":
      return t("cover.after", place);
    case "between_words":
      return t("cover.between", place);
    case "no_voice":
      return t("cover.novoice", place);
    case "too_fast":
      return t("cover.fast", pace);
    case "too_slow":
      return t("cover.slow", pace);
  }
}

export function CoverageVerdicts() {
  const { state, t } = usePairParts();
  const { coverage } = checkOf(state);
  if (coverage.length === 0 || state.transcript.activity !== "none") return null;
  return (
    <ul className="grid gap-y-1">
      {coverage.map((each) => (
        <li className="flex gap-2" key={`${each.kind}${each.start}`}>
          <span className={`mt-0.5 ${MARKS.fair.colour}`}>{MARKS.fair.icon}</span>
          <span>
            <span className="sr-only">{t("take.fair")}</span>
            <span>{sentence(t, each)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
