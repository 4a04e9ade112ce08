/** A take as its waveform: hear it, see its pauses, and cut the best part out of it. */
import {
  type KeyboardEvent,
  type PointerEvent,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Preset } from "../audio/presets";
import { propose } from "../match/window";
import { download } from "../reference-audio/ProblemMessage";
import { redraw } from "../reference-audio/Waveform";
import { isTooLong, peaksOf, type Stretch, type Take, trimmable } from "../take/take";
import { Button } from "../ui/controls";
import { minutes, tenths } from "../ui/format";
import { useScope } from "../ui/hooks";
import { PauseIcon, PlayIcon } from "../ui/icons";
import { playPart, type TakePart, usePairParts, useTakePart } from "./take-part";
import { levelsIn, pausesIn } from "./voice";

/** Pixels beside the first and the last second, for the handles. */
const MARGIN = 16;
const HEIGHT = 96;
/** Pixels from one bar to the next. */
const BAR = 4;
/** Pixels of a second that are enough without zoom. */
const CLOSEST = 120;
/** Seconds of an arrow key, and of a page key. */
const STEP = 0.1;
/** Seconds of the shortest thing that can be seen. */
const STEP_SECONDS = 0.02;
const PAGE = 1;

/** Where a second lies across the waveform, as CSS. */
const across = (fraction: number) => `calc(${MARGIN}px + (100% - ${2 * MARGIN}px) * ${fraction})`;

interface Picture {
  /** The loudest sample of each `STEP_SECONDS`, 0 to 1. */
  readonly peaks: readonly number[];
  readonly pauses: readonly Stretch[];
  readonly total: number;
  readonly chosen: Stretch;
  readonly at: number;
}

/** Draws what is in view: the canvas is as wide as the window on the waveform, and stays in it. */
function draw(canvas: HTMLCanvasElement, view: HTMLElement, picture: Picture): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const scale = window.devicePixelRatio || 1;
  const wide = view.clientWidth;
  canvas.style.width = `${wide}px`;
  canvas.width = Math.round(wide * scale);
  canvas.height = Math.round(HEIGHT * scale);
  context.scale(scale, scale);
  const { color: accent, borderTopColor: edge } = getComputedStyle(canvas);
  const { peaks, pauses, total, chosen, at } = picture;
  const perSecond = (view.scrollWidth - 2 * MARGIN) / total;
  const left = view.scrollLeft - MARGIN;
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 0.001);
  for (const { from, to } of pauses) {
    const x = from * perSecond - left;
    const width = (to - from) * perSecond;
    if (x + width < 0 || x > wide) continue;
    context.globalAlpha = 0.12;
    context.fillStyle = edge;
    context.fillRect(x, 0, width, HEIGHT);
    context.globalAlpha = 1;
    context.fillRect(x, HEIGHT - 2, width, 2);
  }
  // Bars stand at fixed seconds, so that they do not flicker while the view moves.
  const bars = Math.ceil((total * perSecond) / BAR);
  for (let bar = Math.max(0, Math.floor(left / BAR)); bar < bars; bar += 1) {
    const x = bar * BAR - left;
    if (x > wide) break;
    const begin = Math.floor((bar * BAR) / perSecond / STEP_SECONDS);
    const end = Math.max(begin + 1, Math.floor(((bar + 1) * BAR) / perSecond / STEP_SECONDS));
    let peak = 0;
    for (let n = begin; n < end; n += 1) peak = Math.max(peak, peaks[n] ?? 0);
    const high = Math.max(2, (peak / loudest) ** 0.7 * (HEIGHT - 16));
    const seconds = (bar * BAR) / perSecond;
    const inside = seconds >= chosen.from && seconds < chosen.to;
    context.globalAlpha = inside ? 1 : 0.35;
    context.fillStyle = inside && seconds < at ? accent : edge;
    context.beginPath();
    context.roundRect(x, (HEIGHT - high) / 2, BAR - 1, high, 1.5);
    context.fill();
  }
}

/** A handle, or the place that is heard: moved by dragging and by keys. */
function Mark({
  kind,
  label,
  spoken,
  value,
  from,
  to,
  total,
  onMove,
}: {
  readonly kind: "edge" | "position";
  readonly label: string;
  readonly spoken: string;
  readonly value: number;
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly onMove: (seconds: number) => void;
}) {
  const move = (seconds: number) => onMove(Math.min(to, Math.max(from, seconds)));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const wanted: Record<string, number> = {
      ArrowLeft: value - STEP,
      ArrowDown: value - STEP,
      ArrowRight: value + STEP,
      ArrowUp: value + STEP,
      PageDown: value - PAGE,
      PageUp: value + PAGE,
      Home: from,
      End: to,
    };
    const seconds = wanted[event.key];
    if (seconds === undefined) return;
    event.preventDefault();
    move(Math.round(seconds * 10) / 10);
    event.currentTarget.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  };
  const onPointer = (event: PointerEvent<HTMLElement>) => {
    const target = event.currentTarget;
    if (event.type === "pointerdown") target.setPointerCapture(event.pointerId);
    if (!target.hasPointerCapture(event.pointerId)) return;
    const box = target.parentElement?.getBoundingClientRect();
    if (!box) return;
    move(((event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN)) * total);
  };
  const isEdge = kind === "edge";
  return (
    <span
      aria-label={label}
      aria-valuemax={to}
      aria-valuemin={from}
      aria-valuenow={Math.round(value * 10) / 10}
      aria-valuetext={spoken}
      className="absolute grid place-items-center rounded-md"
      onKeyDown={onKeyDown}
      onPointerDown={onPointer}
      onPointerMove={onPointer}
      role="slider"
      style={{
        left: `calc(${across(total > 0 ? value / total : 0)} - ${isEdge ? 14 : 8}px)`,
        top: 0,
        width: isEdge ? 28 : 16,
        height: HEIGHT,
        cursor: "ew-resize",
        touchAction: "none",
        zIndex: isEdge ? 2 : 1,
      }}
      tabIndex={0}
    >
      <span
        className={isEdge ? "bg-accent" : "bg-ink"}
        style={{ gridArea: "1 / 1", width: isEdge ? 3 : 2, height: HEIGHT }}
      />
      {isEdge ? (
        <span
          className="rounded-full bg-accent forced-colors:border"
          style={{ gridArea: "1 / 1", width: 12, height: 36 }}
        />
      ) : null}
    </span>
  );
}

const seconds = ({ from, to }: Stretch) => (to - from).toFixed(1);
const same = (a: Stretch, b: Stretch) =>
  Math.abs(a.from - b.from) < 0.05 && Math.abs(a.to - b.to) < 0.05;

interface Proposal extends Stretch {
  /** Silence that it leaves out, in seconds; of a take that is not too long. */
  readonly saves?: number;
}

/** The part that is proposed: the best one of what is too long, else what is not silence. */
function proposalFor(take: Take, preset: Preset): Proposal | undefined {
  const { measurement, pcm, seconds } = take;
  if (!pcm || seconds === undefined || !isTooLong(take)) {
    return measurement && trimmable(measurement);
  }
  const best = propose(levelsIn(pcm), preset.min_seconds, preset.best_seconds);
  // Who speaks without a pause decides where it is cut.
  return best ? { from: best.start, to: best.end } : { from: 0, to: preset.best_seconds };
}

function Controls({
  heard,
  zoom,
  mostZoom,
  onZoom,
}: {
  readonly heard: TakePart;
  readonly zoom: number;
  readonly mostZoom: number;
  readonly onZoom: (zoom: number) => void;
}) {
  const { t } = usePairParts();
  const { playing, at, part } = heard;
  const length = part.to - part.from;
  const position = Math.min(length, Math.max(0, at - part.from));
  return (
    <div className="flex flex-wrap items-center gap-3">
      <button
        aria-label={t(playing ? "play.pause" : "play.take")}
        className="grid size-11 shrink-0 place-items-center rounded-full border border-edge hover:bg-sunken"
        onClick={() => playPart(heard)}
        type="button"
      >
        {playing ? <PauseIcon /> : <PlayIcon />}
      </button>
      <span className="grow text-sm whitespace-nowrap text-soft tabular-nums" translate="no">
        <bdi dir="ltr">{`${minutes(position)} / ${minutes(length)}`}</bdi>
      </span>
      {mostZoom > 1 ? (
        <span className="flex">
          <Button
            aria-label={t("zoom.out")}
            disabled={zoom === 1}
            onClick={() => onZoom(zoom / 2)}
            variant="quiet"
          >
            −
          </Button>
          <Button
            aria-label={t("zoom.in")}
            disabled={zoom >= mostZoom}
            onClick={() => onZoom(zoom * 2)}
            variant="quiet"
          >
            +
          </Button>
        </span>
      ) : null}
    </div>
  );
}

export function TrimWaveform({ take }: { readonly take: Take }) {
  const { reference, state, t } = usePairParts();
  const { cut } = state;
  const { preset } = reference;
  const heard = useTakePart(state, take);
  const { whole, total, part, at, playing, playback } = heard;
  const picture = useMemo(() => {
    const { pcm, seconds = 0 } = whole;
    return pcm && { peaks: peaksOf(pcm, Math.ceil(seconds / STEP_SECONDS)), pauses: pausesIn(pcm) };
  }, [whole]);
  const proposal = useMemo(() => proposalFor(whole, preset), [whole, preset]);
  const [moved, setMoved] = useState<Stretch>();
  const chosen = moved ?? cut ?? proposal ?? part;
  const [zoom, setZoom] = useState(1);
  const [previewing, setPreviewing] = useState(false);
  const view = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const undo = useRef<HTMLButtonElement>(null);
  /** What the eye is on: it stays in view when the waveform is zoomed. */
  const eye = useRef(chosen.from);

  // What was moved belongs to the cut that it was moved on.
  const before = useRef(cut);
  useLayoutEffect(() => {
    if (before.current === cut) return;
    before.current = cut;
    setMoved(undefined);
    if (document.activeElement === document.body) undo.current?.focus();
  }, [cut]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a zoom moves the view.
  useLayoutEffect(() => {
    const element = view.current;
    if (!element || total === 0) return;
    const x = MARGIN + (element.scrollWidth - 2 * MARGIN) * (eye.current / total);
    element.scrollLeft = x - element.clientWidth / 2;
  }, [zoom]);

  useScope(
    (scope) => {
      const element = canvas.current;
      const around = view.current;
      if (!element || !around || !picture || total === 0) return;
      const paint = () => draw(element, around, { ...picture, total, chosen, at });
      redraw(scope, around, paint);
      scope.listen(around, "scroll", paint);
    },
    [picture, total, chosen, at, zoom],
  );

  if (!playing && previewing) setPreviewing(false);
  const least = Math.min(total, reference.services.config.limits.min_seconds);
  const set = (change: Partial<Stretch>) => {
    const next = { ...chosen, ...change };
    eye.current = change.from ?? change.to ?? eye.current;
    setMoved(next);
  };
  const seek = (event: PointerEvent<HTMLElement>) => {
    if (event.target instanceof Element && event.target.closest("[role=slider]")) return;
    const box = event.currentTarget.getBoundingClientRect();
    const to = ((event.clientX - box.left - MARGIN) / (box.width - 2 * MARGIN)) * total;
    eye.current = Math.min(total, Math.max(0, to));
    playback.seek(eye.current);
  };
  const preview = () => {
    if (previewing) {
      playback.pause();
      return;
    }
    playback.play(chosen.from, chosen);
    setPreviewing(true);
  };
  const inPause = (at: number) =>
    picture?.pauses.some(({ from, to }) => at >= from && at <= to) ?? false;
  const mostZoom = 2 ** Math.max(0, Math.ceil(Math.log2((total * CLOSEST) / 600)));
  const changed = !same(chosen, part);
  const isLong = isTooLong(whole) && !cut;
  return (
    <div className="space-y-3">
      <div
        className="overflow-x-auto rounded-xl bg-sunken"
        // Time runs to the right in every language.
        dir="ltr"
        ref={view}
      >
        <div
          onPointerDown={seek}
          style={{ position: "relative", width: `${zoom * 100}%`, height: HEIGHT }}
        >
          {proposal && !cut ? (
            <span
              className="absolute bg-accent-soft"
              style={{
                left: across(proposal.from / total),
                right: `calc(100% - ${across(proposal.to / total)})`,
                height: HEIGHT,
              }}
            />
          ) : null}
          <div aria-hidden="true" style={{ position: "sticky", left: 0, width: 0 }}>
            <canvas
              className="border-edge text-accent"
              ref={canvas}
              style={{ height: HEIGHT, display: "block", maxWidth: "none" }}
            />
          </div>
          <Mark
            from={0}
            kind="edge"
            label={t("trim.begin")}
            onMove={(from) => set({ from })}
            spoken={t(inPause(chosen.from) ? "trim.begins.pause" : "trim.begins", {
              time: tenths(chosen.from),
            })}
            to={Math.max(0, chosen.to - least)}
            total={total}
            value={chosen.from}
          />
          <Mark
            from={0}
            kind="position"
            label={t("trim.position")}
            onMove={(to) => {
              eye.current = to;
              playback.seek(to);
            }}
            spoken={t("trim.position.value", { time: tenths(at), total: tenths(total) })}
            to={total}
            total={total}
            value={Math.min(at, total)}
          />
          <Mark
            from={Math.min(total, chosen.from + least)}
            kind="edge"
            label={t("trim.end")}
            onMove={(to) => set({ to })}
            spoken={t(inPause(chosen.to) ? "trim.ends.pause" : "trim.ends", {
              time: tenths(chosen.to),
            })}
            to={total}
            total={total}
            value={chosen.to}
          />
        </div>
      </div>
      <Controls heard={heard} mostZoom={mostZoom} onZoom={setZoom} zoom={zoom} />
      {changed || cut ? (
        <div className="space-y-2">
          <p className="text-soft">
            {changed && proposal && chosen === proposal
              ? `${
                  proposal.saves === undefined
                    ? t("trim.best")
                    : t("trim.silence", { seconds: proposal.saves.toFixed(1) })
                } `
              : null}
            {changed
              ? t("trim.marked", {
                  from: tenths(chosen.from),
                  to: tenths(chosen.to),
                  seconds: seconds(chosen),
                })
              : t("trim.done", { seconds: seconds(part), total: tenths(total) })}
          </p>
          <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
            {changed ? (
              <>
                <Button
                  onClick={() => void reference.cut(chosen)}
                  variant={isLong ? "primary" : "secondary"}
                >
                  {t("trim.cut")}
                </Button>
                <Button onClick={preview} variant="link">
                  {t(previewing ? "trim.preview.stop" : "trim.preview")}
                </Button>
              </>
            ) : null}
            {cut ? (
              <>
                <Button onClick={() => reference.uncut()} ref={undo} variant="link">
                  {t("tray.undo")}
                </Button>
                <Button onClick={() => download(whole.file)} variant="link">
                  {t("trim.download")}
                </Button>
              </>
            ) : null}
          </div>
        </div>
      ) : null}
    </div>
  );
}
