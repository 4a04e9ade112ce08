/** The waveform that moves while recording. */
import { useRef } from "react";
import type { Scope } from "../lib/scope";
import type { Meter } from "../take/meter";
import { useScope } from "../ui/hooks";
import { useReducedMotion } from "../ui/media";

/** Speech fills the height better by its root: quiet parts stay visible. */
const height = (peak: number) => Math.sqrt(Math.min(1, peak));

/** Draws the bars, those that sound has come for in the accent. */
function draw(canvas: HTMLCanvasElement, { bars, count }: Meter): void {
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
  const step = width / bars.length;
  const bar = Math.max(scale, step * 0.6);
  for (let n = 0; n < bars.length; n += 1) {
    const high = Math.max(2 * scale, height(bars[n] ?? 0) * tall);
    context.fillStyle = n >= bars.length - count ? accent : edge;
    context.beginPath();
    context.roundRect(n * step, (tall - high) / 2, bar, high, bar / 2);
    context.fill();
  }
}

/** Draws again when the element's size or the colours change. */
export function redraw(scope: Scope, element: Element, paint: () => void): void {
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
      const paint = () => draw(canvas, meter);
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
