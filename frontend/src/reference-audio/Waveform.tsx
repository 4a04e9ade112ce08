/** Waveforms: moving while recording, standing for a finished take. */
import { useRef } from "react";
import type { Scope } from "../lib/scope";
import { type Meter, WAVEFORM_BARS } from "../take/meter";
import { useScope } from "../ui/hooks";
import { useReducedMotion } from "../ui/media";

/** Speech fills the height better by its root: quiet parts stay visible. */
const height = (peak: number) => Math.sqrt(Math.min(1, peak));

interface Drawing {
  readonly peaks: ArrayLike<number>;
  /** The bars that are drawn in the accent. */
  readonly from: number;
  readonly to: number;
}

function draw(canvas: HTMLCanvasElement, { peaks, from, to }: Drawing): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const scale = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale);
  const tall = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== tall) {
    canvas.width = width;
    canvas.height = tall;
  }
  // The canvas has both colours as its own: a token may depend on the scheme.
  const { color: accent, borderTopColor: edge } = getComputedStyle(canvas);
  context.clearRect(0, 0, width, tall);
  const step = width / peaks.length;
  const bar = Math.max(scale, step * 0.6);
  for (let n = 0; n < peaks.length; n += 1) {
    const high = Math.max(2 * scale, height(peaks[n] ?? 0) * tall);
    context.fillStyle = n >= from && n < to ? accent : edge;
    context.beginPath();
    context.roundRect(n * step, (tall - high) / 2, bar, high, bar / 2);
    context.fill();
  }
}

/** Draws again when the element's size or the colours change. */
function redraw(scope: Scope, element: Element, paint: () => void): void {
  paint();
  if ("ResizeObserver" in window) {
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    scope.add(() => observer.disconnect());
  }
  if (window.matchMedia) {
    scope.listen(window.matchMedia("(prefers-color-scheme: dark)"), "change", paint);
  }
}

/** The last ten seconds, moving; nothing where motion is not wanted. */
export function LiveWaveform({
  meter,
  running,
}: {
  readonly meter: Meter;
  readonly running: boolean;
}) {
  const reduced = useReducedMotion();
  const ref = useRef<HTMLCanvasElement>(null);
  useScope(
    (scope) => {
      const canvas = ref.current;
      if (!canvas) return;
      const paint = () =>
        draw(canvas, {
          peaks: meter.bars,
          from: WAVEFORM_BARS - meter.count,
          to: WAVEFORM_BARS,
        });
      redraw(scope, canvas, paint);
      if (!running) return;
      let drawn = meter.count;
      scope.frames(() => {
        if (meter.count === drawn) return;
        drawn = meter.count;
        paint();
      });
    },
    [meter, running, reduced],
  );
  if (reduced) return null;
  return (
    <div aria-hidden="true">
      <canvas className="block h-16 w-full border-edge text-accent" ref={ref} />
    </div>
  );
}
