/**
 * The live words of one take. A pause ends a session and going on opens the next: the parts are
 * taken one after the other, and their texts make one.
 */
import type { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { SessionDriver, type SessionEnvironment } from "./driver";
import type { Phase, SessionFailure, SessionView } from "./effects";
import type { SessionOptions } from "./messages";
import { follow } from "./seam";

export interface LiveView extends Omit<SessionView, "lagMs"> {
  /** Whole seconds that the words are behind because the line is; 0 while that is nothing. */
  readonly behindSeconds: number;
  /** Why the last part that failed did; another one may go on. */
  readonly lost: SessionFailure | undefined;
}

export const IDLE_LIVE: LiveView = {
  phase: "idle",
  text: "",
  language: undefined,
  offline: false,
  behindSeconds: 0,
  secondsLeft: undefined,
  ignored: [],
  reason: undefined,
  failure: undefined,
  openSessions: [],
  lost: undefined,
};

/** Less than this is how every line is. */
const NOTABLE_LAG_MS = 2500;

export const isOver = (phase: Phase) => phase === "ended" || phase === "failed";

export class Live implements Readable<LiveView> {
  readonly #options: SessionOptions;
  readonly #environment: SessionEnvironment;
  readonly #scope: Scope;
  readonly #store = new Store<LiveView>(IDLE_LIVE);
  /** One for each stretch between pauses; all but the last are stopped. */
  readonly #parts: SessionDriver[] = [];
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;

  constructor(options: SessionOptions, environment: SessionEnvironment, scope: Scope) {
    this.#options = options;
    this.#environment = environment;
    this.#scope = scope;
  }

  /** The part at hand, counted from 1. */
  get part(): number {
    return this.#parts.length;
  }

  /** Begins the take, or goes on with it after a pause; the part before is stopped. */
  run(): void {
    this.stop();
    this.#parts.push(
      new SessionDriver(this.#options, this.#environment, this.#scope, () => this.#update()),
    );
    this.#update();
  }

  push(pcm: Int16Array<ArrayBuffer>): void {
    this.#parts.at(-1)?.give({ type: "audio", pcm });
  }

  /**
   * Ends a part, unless it was followed by another: its last words still come. Pausing and stopping
   * are the same here.
   */
  stop(part = this.part): void {
    if (part === this.part) this.#parts.at(-1)?.give({ type: "stop" });
  }

  takeOver(sessionId: string): void {
    this.#parts.at(-1)?.give({ type: "takeOver", sessionId });
  }

  #update(): void {
    const views = this.#parts.map((part) => part.view);
    // A person may have one session: the next part buffers until the one before it is over.
    const at = views.findIndex((view) => !isOver(view.phase));
    const current = views[at];
    if (current?.phase === "idle") {
      this.#parts[at]?.give({ type: "start" });
      return; // which has called this again
    }
    const last = current ?? views.at(-1);
    if (!last) return;
    const paused = at >= 0 && at < views.length - 1;
    const { lagMs, ...view } = last;
    this.#store.patch({
      ...view,
      phase: paused ? "connecting" : last.phase,
      text: views.map((each) => each.text).reduce(follow, ""),
      behindSeconds: lagMs < NOTABLE_LAG_MS ? 0 : Math.round(lagMs / 1000),
      lost: views.findLast((each) => each.phase === "failed")?.failure,
    });
  }
}
