/** The input level with its green zone: drawn each frame, told to assistive technology in words. */
import { useRef } from "react";
import { LOUD_PEAK, type Meter, QUIET_PEAK } from "../take/meter";
import { useScope } from "../ui/hooks";
import { useReducedMotion } from "../ui/media";
import { useParts } from "./use-reference-audio";

/** The scale's left end, dBFS. */
const FLOOR = -60;
/** Milliseconds between two changes of the words, so that nothing flickers. */
const WORDS_MS = 500;

const part = (dbfs: number) => Math.min(1, Math.max(0, (dbfs - FLOOR) / -FLOOR));
const percent = (dbfs: number) => `${100 * part(dbfs)}%`;

export function LevelMeter({
  meter,
  running,
  bare = false,
}: {
  readonly meter: Meter;
  readonly running: boolean;
  /** Without the word beside it. */
  readonly bare?: boolean;
}) {
  const { t } = useParts();
  const reduced = useReducedMotion();
  const root = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const word = useRef<HTMLSpanElement>(null);
  useScope(
    (scope) => {
      const fill = () => {
        const level = running ? part(meter.level) : 0;
        if (bar.current) bar.current.style.transform = `scaleX(${level})`;
      };
      const tell = () => {
        const now = running ? meter.word : "paused";
        const text = t(`level.${now}`);
        root.current?.setAttribute("aria-valuenow", String(Math.round(meter.level)));
        root.current?.setAttribute("aria-valuetext", text);
        if (word.current) word.current.textContent = text;
        if (bar.current) bar.current.dataset.word = now;
        if (reduced) fill();
      };
      fill();
      tell();
      if (!running) return;
      if (!reduced) scope.frames(fill);
      scope.every(WORDS_MS, tell);
    },
    [meter, running, reduced, t],
  );
  return (
    <div className="flex min-w-0 grow items-center gap-3">
      {/* biome-ignore lint/a11y/useSemanticElements: <meter> draws no zones and cannot move smoothly. */}
      <div
        aria-label={t("level.label")}
        aria-valuemax={0}
        aria-valuemin={FLOOR}
        aria-valuenow={FLOOR}
        aria-valuetext={t("level.paused")}
        className="relative h-2.5 grow overflow-hidden rounded-full bg-sunken forced-colors:border"
        ref={root}
        dir="ltr"
        role="meter"
      >
        <div
          className="absolute inset-y-0 bg-added"
          style={{ left: percent(QUIET_PEAK), right: `${100 * (1 - part(LOUD_PEAK))}%` }}
        />
        <div
          className="absolute inset-0 origin-left rounded-full bg-good-fill data-[word=loud]:bg-bad data-[word=quiet]:bg-fair forced-colors:bg-[Highlight]"
          ref={bar}
        />
      </div>
      {bare ? null : (
        <span aria-hidden="true" className="min-w-20 text-end text-sm text-soft" ref={word} />
      )}
    </div>
  );
}
