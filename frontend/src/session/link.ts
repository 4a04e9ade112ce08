/** One socket of a live session: which audio it was sent, what of it was heard, what was said. */
import { STREAM_RATE } from "../audio/pcm";
import { LIMITS } from "../generated/constants";
import type * as Wire from "../generated/protocol";
import type { Backlog } from "./backlog";
import type { Effect } from "./contract";
import { STOP_MESSAGE } from "./messages";
import { joinGrowing, joinSeam } from "./seam";

/** Samples in a millisecond. */
const MS = STREAM_RATE / 1000;
/** Bytes: two seconds of audio. With more than this unsent the line is slow. */
const HIGH_WATER = 64 * 1024;
const HALF_OPEN_MS = LIMITS.half_open_seconds * 1000;
/** Acks come in steps; less than this unacknowledged is no sign of anything. Samples. */
const ACK_SLACK = (LIMITS.ack_interval_ms + 200) * MS;

export type LinkState = "token" | "opening" | "starting" | "ready" | "closing";

export class Link {
  readonly id: number;
  state: LinkState = "token";
  /** When the present state has lasted too long. */
  deadline: number;
  /** Held only from the supplier's answer to the start message. */
  token = "";
  sessionId = "";
  /** What this link's session has said. */
  text = "";
  /** Positions in samples from the start of the session's audio. */
  sent = 0;
  acked = 0;
  stopSent = false;
  /** What had been said before this link took over. */
  #base = "";
  #offset = 0;
  #rewind = 0;
  /** Since when an acknowledgement is owed. */
  #owedSince: number | undefined;

  constructor(id: number, deadline: number) {
    this.id = id;
    this.deadline = deadline;
  }

  /** The whole text so far: what came before, joined with what this link adds. */
  get joined(): string {
    if (this.#base === "") return this.text;
    const join = this.state === "ready" ? joinGrowing : joinSeam;
    return join(this.#base, this.text);
  }

  /** Where a successor starts: what was handed over last is not yet what was heard. */
  get resumeAt(): number {
    return Math.max(0, this.acked - this.#rewind);
  }

  /** When silence of the server becomes a sign, as a time. */
  get halfOpenAt(): number {
    return this.#owedSince === undefined
      ? Number.POSITIVE_INFINITY
      : this.#owedSince + HALF_OPEN_MS;
  }

  ready(message: Wire.Ready, offset: number, base: string): void {
    this.state = "ready";
    this.deadline = Number.POSITIVE_INFINITY;
    this.sessionId = message.session_id;
    this.sent = offset;
    this.acked = offset;
    this.#offset = offset;
    this.#rewind = message.resume_rewind_ms * MS;
    this.#base = base;
  }

  /** `audioMs` counts from the start of this link's audio. */
  ack(audioMs: number): void {
    this.acked = Math.min(this.sent, Math.max(this.acked, this.#offset + audioMs * MS));
    this.#owedSince = undefined;
  }

  /** Sends what there is, never more than the socket passes on; the stop follows the last sample. */
  pump(backlog: Backlog, buffered: number, stopping: boolean): Effect[] {
    const effects: Effect[] = [];
    if (this.state !== "ready") return effects;
    for (let room = HIGH_WATER - buffered; room > 0; ) {
      const pcm = backlog.read(this.sent);
      if (!pcm) break;
      effects.push({ type: "send", link: this.id, data: pcm });
      this.sent += pcm.length;
      room -= pcm.byteLength;
    }
    if (stopping && !this.stopSent && this.sent === backlog.end) {
      this.stopSent = true;
      effects.push({ type: "send", link: this.id, data: STOP_MESSAGE });
    }
    return effects;
  }

  /** Whether audio is taken and nothing acknowledged for too long: nobody is at the other end. */
  isHalfOpen(now: number): boolean {
    const owed = this.state === "ready" && !this.stopSent && this.sent - this.acked > ACK_SLACK;
    this.#owedSince = owed ? (this.#owedSince ?? now) : undefined;
    return now >= this.halfOpenAt;
  }
}
