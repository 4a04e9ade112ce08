/** One socket of a live session and its session: where it stands, how long it may take. */
import { LIMITS } from "../generated/constants";

/** How long to wait for what, in seconds, and how much to trust. */
export interface Patience {
  /** From the beginning of a connect, its token included, to `ready`. */
  readonly ready: number;
  /** For an `ack` while audio is on its way. */
  readonly ack: number;
  /** For any message of a session after its `stop`. */
  readonly final: number;
  /** After a partial `final`, for the `error` that says how to go on. */
  readonly afterword: number;
  /** For any sign, once the audio has ended, that some session still hears it. */
  readonly finish: number;
  /**
   * Seconds of audio that a provider surely hears in a second. What was lost while it had to catch
   * up with more is sent again from where it surely was.
   */
  readonly hearing: number;
  /** Seconds of audio that are sent again, at most, because no words came for them. */
  readonly unheard: number;
  readonly backoff: number;
  readonly backoffMax: number;
  /** Longest wait that a service may ask for; one that asks for more is not tried again. */
  readonly retryAfter: number;
  /** Tries in a row; a session that carries a second of new audio begins the row anew. */
  readonly tries: number;
}

/** As the Python client's, but for `finish`: a page has the final pass to fall back on. */
export const PATIENCE: Patience = {
  ready: 20,
  ack: LIMITS.half_open_seconds,
  final: 30,
  afterword: 2,
  finish: 20,
  hearing: 2,
  unheard: 60,
  backoff: LIMITS.resume_backoff_seconds,
  backoffMax: LIMITS.resume_backoff_max_seconds,
  retryAfter: 60,
  tries: LIMITS.max_resume_tries,
};

export type LinkPhase = "waiting" | "token" | "opening" | "starting" | "ready" | "gone";

/** Positions are samples of the recording, times are milliseconds. */
export class Link {
  /** Given once it connects. */
  id = 0;
  /** When to connect; infinite while there is nothing to say. */
  openAt: number;
  readonly freshToken: boolean;
  phase: LinkPhase = "waiting";
  /** Held only from the supplier's answer to the start message. */
  token = "";
  /** How far before `acked` a successor begins. */
  rewind = 0;
  readyAt = 0;
  /** Whether it is handed more at first than was just spoken. */
  catchesUp = false;
  /** Whether a successor has asked for its place. */
  challenged = false;
  begin = 0;
  sent = 0;
  acked = 0;
  /** What was acked when the last words came. */
  spoken = 0;
  /** When the last words came. */
  spokenAt = 0;
  /** Where an `ack` shows that this session gets on. */
  provenAt = 0;
  /** Whether `stop` was sent, or the service ended the session. */
  stopped = false;
  /** When to take the link for dead. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(openAt: number, freshToken: boolean) {
    this.openAt = openAt;
    this.freshToken = freshToken;
  }

  /** Whether it has a socket, or is about to. */
  get alive(): boolean {
    return this.phase !== "waiting" && this.phase !== "gone";
  }

  /** When it wants a tick. */
  get dueAt(): number {
    return this.phase === "waiting" ? this.openAt : this.deadline;
  }
}
