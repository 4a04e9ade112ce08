/** An audio context with one input that is tapped: what every source is made of. */
import { Scope } from "../lib/scope";
import { tap } from "./capture-node";
import type { AudioListener, OpenOptions, OpenSource } from "./source";

/** A flush normally takes one turn of the audio thread; a dead thread must not hold a stop up. */
const FLUSH_TIMEOUT_MS = 1000;

/** Closes a context with the scope, once: a second time is an error. */
export function closeWith(scope: Scope, context: AudioContext): void {
  scope.add(() => {
    // A context that the browser has closed by itself says that it cannot be closed.
    context.close().catch(() => {});
  });
}

export interface Graph {
  /** Closed by its maker, with the scope. */
  readonly context: AudioContext;
  readonly input: AudioNode;
  readonly label: string;
  /** Ends with the source; what it holds is given back then. */
  readonly scope: Scope;
  /** Called when the flow begins and when it stops. */
  onRun?(): void;
  readonly worklet?: boolean;
}

/** Makes an `OpenSource` of a graph. The graph's scope is disposed when this fails. */
export async function openGraph(
  graph: Graph,
  options: OpenOptions,
  listener: AudioListener,
): Promise<OpenSource> {
  const { context, scope } = graph;
  let capture: Awaited<ReturnType<typeof tap>>;
  try {
    capture = await tap(context, graph.input, listener, {
      keptRate: options.keptRate,
      ...(graph.worklet === undefined ? {} : { worklet: graph.worklet }),
    });
  } catch (error) {
    scope.dispose();
    throw error;
  }
  scope.add(() => capture.release());
  const resume = () => {
    if (context.state === "suspended") {
      void context.resume();
    } else if ((context.state as string) === "interrupted") {
      // iOS after a call: such a context does not come back, a new one must be built.
      scope.dispose();
      listener.lost();
    }
  };
  scope.listen(context, "statechange", resume);
  resume();

  const pause = async () => {
    if (scope.disposed) return;
    const timer = new Scope(scope);
    await Promise.race([
      capture.pause(),
      new Promise<void>((resolve) => {
        timer.after(FLUSH_TIMEOUT_MS, resolve);
        timer.add(resolve);
      }),
    ]);
    timer.dispose();
  };
  return {
    keptRate: capture.keptRate,
    label: graph.label,
    run: () => {
      capture.run();
      graph.onRun?.();
    },
    pause,
    close: async () => {
      await pause();
      scope.dispose();
    },
  };
}
