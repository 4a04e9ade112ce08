/**
 * Decides what to do when: one live session as a state machine, inputs in, effects out, time as an
 * argument. It knows no socket, no timer and no token supplier; `driver.ts` has those.
 *
 * A link is one socket and its session. At most two exist at once: the current one, and the next
 * one that will take its place. The Python client's `session.py` decides alike: both run the cases
 * of `tests/vectors/session.json`.
 */
import { STREAM_RATE } from "../audio/pcm";
import { FINAL_CLOSE_CODES, LIMITS } from "../generated/constants";
import type * as Wire from "../generated/protocol";
import { Backoff } from "./backoff";
import {
  type Effect,
  type Failure,
  CLOSE_GIVEN_UP as GIVEN_UP,
  CLOSE_NORMAL as NORMAL,
  type Phase,
  type SessionFailure,
  type SessionInput,
  type SessionPorts,
  type SessionView,
  UNREACHABLE,
} from "./effects";
import { Link, PATIENCE, type Patience } from "./link";
import { type ServerMessage, type SessionOptions, STOP_MESSAGE, startMessage } from "./messages";
import { Recording } from "./recording";
import { Transcript } from "./transcript";

/** Samples in a millisecond. */
const MS = STREAM_RATE / 1000;
/** Bytes: two seconds of audio. With more than this unsent the line is slow. */
const HIGH_WATER = 64 * 1024;
/** While a socket is full, look again this often, milliseconds. */
const PUMP_MS = 100;
/** What a healthy service may leave without an `ack`, samples. */
const UNACKED = LIMITS.ack_interval_ms * MS;
/** Failures after which audio may have been taken and not heard. */
const UNHEARD: readonly string[] = ["provider_unavailable", "provider_rate_limited"];
/** What a person's other session says when it takes the place of this one. */
const REPLACED: readonly string[] = ["forbidden", "session_limit"];
/** A tick that comes so much too late shows that the device slept, milliseconds. */
const SLEPT_MS = 1000;
/** Words come later than this after a voice only where the provider has stopped hearing. */
const UNANSWERED_MS = 1000;
const NEVER = Number.POSITIVE_INFINITY;

export class Session {
  readonly #options: SessionOptions;
  readonly #ports: SessionPorts;
  readonly #patience: Patience;
  readonly #recording = new Recording();
  readonly #transcript = new Transcript();
  readonly #backoff: Backoff;
  #effects: Effect[] = [];
  #now = 0;

  #started = false;
  /** No more audio comes. */
  #ended = false;
  #over: "ended" | "failed" | undefined;
  #finishBy = NEVER;
  /** Whether deadlines were put off for a sleep, and nothing happened since but time. */
  #slept = false;
  #online = true;

  #current: Link | undefined;
  #next: Link | undefined;
  #links = 0;
  /** The furthest sample that was ever acknowledged. */
  #acked = 0;
  /** Where a successor begins. */
  #resumeAt = 0;
  /** The session that a new link takes the place of. */
  #resumes: string | undefined;
  #avoid: string | undefined;
  /** Whether a session of ours was ever open. */
  #hasHeard = false;
  #language: string | undefined;
  #secondsLeft: number | undefined;
  #ignored: readonly string[] = [];
  #reason: Wire.Final["reason"];
  #failure: SessionFailure | undefined;
  #openSessions: readonly string[] = [];

  constructor(options: SessionOptions, ports: SessionPorts, patience = PATIENCE) {
    this.#options = options;
    this.#ports = ports;
    this.#patience = patience;
    this.#backoff = new Backoff(patience, () => ports.random());
  }

  /** Takes one input at time `now` (monotonic milliseconds) and returns what is to be done. */
  handle(input: SessionInput, now: number): Effect[] {
    const slept = now - (this.wakeAt ?? now) > SLEPT_MS ? now - this.#now : 0;
    this.#now = now;
    this.#effects = [];
    if (slept > 0) this.#wakeUp(slept);
    if (input.type !== "tick") this.#slept = false;
    this.#apply(input);
    if (this.#started && !this.#over) this.#tick();
    return this.#effects;
  }

  /** When the session wants a `tick` at the latest; undefined while it only waits for inputs. */
  get wakeAt(): number | undefined {
    if (this.#over || !this.#started) return undefined;
    const times = [this.#finishBy];
    if (this.#next && !this.#isHeldBack(this.#next)) times.push(this.#next.dueAt);
    if (this.#current) {
      times.push(this.#current.dueAt);
      const { stopped, sent } = this.#current;
      // After the last sample the stop waits for room as well.
      const isWaiting = this.#ended || this.#recording.frame(sent, false).length > 0;
      if (!stopped && isWaiting) times.push(this.#now + PUMP_MS);
    }
    const earliest = Math.min(...times);
    return Number.isFinite(earliest) ? earliest : undefined;
  }

  get view(): SessionView {
    const lag = this.#recording.length - (this.#current?.sent ?? this.#resumeAt);
    return {
      phase: this.#phase,
      text: this.#transcript.text,
      offline: !this.#online,
      lagMs: this.#over ? 0 : Math.round(lag / MS),
      openSessions: this.#openSessions,
      ignored: this.#ignored,
      language: this.#language,
      secondsLeft: this.#secondsLeft,
      reason: this.#reason,
      failure: this.#failure,
    };
  }

  get #phase(): Phase {
    if (this.#over) return this.#over;
    if (!this.#started) return "idle";
    if (this.#ended) return "finishing";
    if (this.#current || this.#next?.openAt === NEVER) return "listening";
    return this.#resumes === undefined && this.#backoff.count === 0 ? "connecting" : "reconnecting";
  }

  // What the outside does.

  #apply(input: SessionInput): void {
    if (input.type === "takeOver") this.#takeOver(input.sessionId);
    // While the place is held elsewhere it may still be taken over: nothing is to be missing then.
    if (this.#over && !(input.type === "audio" && this.#mayTakeOver)) return;
    switch (input.type) {
      case "start":
        this.#begin();
        break;
      case "audio":
        this.#feed(input.pcm);
        break;
      case "stop":
        this.#end();
        break;
      case "cancel":
        this.#finish("ended");
        break;
      case "online":
        this.#goOnline(input.online);
        break;
      case "token":
        this.#onToken(input.link, input.token);
        break;
      case "tokenFailed":
        this.#onTokenFailed(input.link, input.failure);
        break;
      case "opened":
        this.#onOpened(input.link);
        break;
      case "message":
        this.#onMessage(input.link, input.message);
        break;
      case "closed":
        this.#onClosed(input.link, input.code);
        break;
    }
  }

  #begin(): void {
    if (this.#started) return;
    this.#started = true;
    this.#next = new Link(this.#now, false);
    this.#sign();
  }

  #feed(pcm: Int16Array<ArrayBuffer>): void {
    if (this.#ended) return;
    this.#recording.append(pcm);
    if (this.#recording.full) this.#noMore();
    this.#wake();
  }

  #end(): void {
    this.#noMore();
    const phase = this.#next?.phase;
    if (
      this.#next &&
      this.#current &&
      (phase === "waiting" || phase === "token" || phase === "opening")
    ) {
      this.#drop(this.#next, NORMAL); // the draining one can bring it to its end alone
      this.#next = undefined;
    }
    this.#wake();
  }

  #takeOver(sessionId: string): void {
    if (this.#current || !this.#started || this.#over === "ended") return;
    if (this.#next) this.#drop(this.#next, NORMAL);
    this.#over = undefined;
    this.#failure = undefined;
    this.#openSessions = [];
    this.#resumes = sessionId;
    this.#backoff.beginAnew();
    this.#next = new Link(this.#now, false);
    this.#sign();
  }

  get #mayTakeOver(): boolean {
    return this.#over !== "ended" && this.#openSessions.length > 0;
  }

  #goOnline(online: boolean): void {
    const waits = this.#next?.phase === "waiting" && this.#next.openAt !== NEVER;
    if (online && !this.#online && this.#next && waits) this.#next.openAt = this.#now;
    this.#online = online;
  }

  /** Whether a link waits for a network; the browser says that there is none. */
  #isHeldBack(link: Link): boolean {
    return link.phase === "waiting" && !this.#online;
  }

  // What time brings.

  #tick(): void {
    if (this.#now >= this.#finishBy) {
      this.#fail(this.#failure ?? UNREACHABLE);
      return;
    }
    for (const link of [this.#current, this.#next]) {
      if (link?.alive && this.#now >= link.deadline) this.#lost(link, UNREACHABLE, GIVEN_UP);
    }
    this.#send();
    const next = this.#next;
    if (next?.phase === "waiting" && !this.#isHeldBack(next) && this.#now >= next.openAt) {
      this.#links += 1;
      next.id = this.#links;
      next.phase = "token";
      next.deadline = this.#now + this.#patience.ready * 1000;
      this.#effects.push({ type: "token", link: next.id, refresh: next.freshToken });
    }
  }

  /** Does not count the time in which nothing could be heard: what came then is still to be read. */
  #wakeUp(slept: number): void {
    if (this.#current) this.#current.readyAt += slept;
    if (this.#slept) return;
    this.#slept = true;
    this.#sign();
    const soon = this.#now + this.#patience.ack * 1000;
    for (const link of [this.#current, this.#next]) {
      if (link?.alive) link.deadline = Math.max(link.deadline, soon);
    }
  }

  /** Sends what there is, never more than the socket passes on; the stop follows the last sample. */
  #send(): void {
    const link = this.#current;
    if (!link || link.stopped) return;
    for (let room = HIGH_WATER - this.#ports.buffered(link.id); room > 0; ) {
      const frame = this.#recording.frame(link.sent, this.#ended);
      if (frame.length === 0) {
        if (this.#ended) this.#sendStop(link);
        return;
      }
      this.#effects.push({ type: "send", link: link.id, data: frame });
      link.sent += frame.length;
      room -= frame.byteLength;
      if (link.sent - link.acked > UNACKED && link.deadline === NEVER) {
        link.deadline = this.#now + this.#patience.ack * 1000;
      }
    }
  }

  #sendStop(link: Link): void {
    link.stopped = true;
    link.deadline = this.#now + this.#patience.final * 1000;
    this.#effects.push({ type: "send", link: link.id, data: STOP_MESSAGE });
  }

  // What the links bring. One that is gone is never found again.

  #onToken(id: number, token: string): void {
    const link = this.#next;
    if (link?.id !== id || link.phase !== "token") return;
    link.phase = "opening";
    link.token = token;
    this.#effects.push({ type: "connect", link: id });
  }

  #onTokenFailed(id: number, failure: Failure): void {
    const link = this.#next;
    if (link?.id === id) this.#lost(link, failure, GIVEN_UP);
  }

  #onOpened(id: number): void {
    const link = this.#next;
    if (link?.id !== id || link.phase !== "opening") return;
    link.phase = "starting";
    const data = startMessage(this.#options, link.token, this.#resumes, this.#avoid);
    link.token = "";
    if (this.#current) this.#current.challenged = true;
    this.#effects.push({ type: "send", link: id, data });
  }

  #onMessage(id: number, message: ServerMessage): void {
    if (id === this.#next?.id) {
      // All that a session may say before it is open.
      if (message.type === "ready") this.#onReady(this.#next, message);
      else if (message.type === "error") this.#onError(this.#next, message);
      return;
    }
    const link = this.#current;
    if (link?.id !== id) return;
    if (link.stopped) link.deadline = this.#now + this.#patience.final * 1000;
    switch (message.type) {
      case "delta":
        if (message.text !== "") this.#onDelta(link, message.text);
        break;
      case "language":
        this.#language = message.language;
        break;
      case "ack":
        this.#onAck(link, message.audio_ms);
        break;
      case "notice":
        this.#onNotice(link, message);
        break;
      case "final":
        this.#onFinal(link, message);
        break;
      case "error":
        this.#onError(link, message);
        break;
    }
  }

  #onReady(link: Link, message: Wire.Ready): void {
    if (link.phase !== "starting") return;
    if (this.#current) {
      this.#transcript.settle();
      if (this.#leftVoiceUnanswered(this.#current)) this.#goBack(this.#current);
      this.#drop(this.#current, NORMAL);
    }
    this.#current = link;
    this.#next = undefined;
    link.phase = "ready";
    link.readyAt = link.spokenAt = this.#now;
    link.rewind = message.resume_rewind_ms * MS;
    link.begin = link.sent = link.acked = link.spoken = this.#resumeAt;
    link.provenAt = this.#acked + STREAM_RATE;
    link.deadline = NEVER;
    link.catchesUp = this.#hasHeard || this.#recording.length - link.begin > STREAM_RATE;
    this.#hasHeard = true;
    this.#resumes = message.session_id;
    this.#failure = undefined;
    this.#secondsLeft = undefined;
    this.#ignored = [];
    this.#openSessions = [];
  }

  #onDelta(link: Link, text: string): void {
    link.spoken = this.#heard(link);
    link.spokenAt = this.#now;
    this.#sign();
    this.#transcript.add(text);
  }

  #onAck(link: Link, audioMs: number): void {
    link.acked = Math.min(link.begin + audioMs * MS, link.sent);
    this.#resumeAt = Math.max(this.#resumeAt, this.#heard(link) - link.rewind);
    this.#acked = Math.max(this.#acked, link.acked);
    this.#sign();
    if (link.acked >= link.provenAt) this.#backoff.beginAnew();
    if (!link.stopped) {
      const isLate = link.sent - link.acked > UNACKED;
      link.deadline = isLate ? this.#now + this.#patience.ack * 1000 : NEVER;
    }
  }

  /** Up to where a link's audio was surely heard, but for the usual lag of text. */
  #heard(link: Link): number {
    if (!link.catchesUp) return link.acked;
    // A backlog is handed over faster than it was spoken; its text may come later than usual.
    const surely = (this.#now - link.readyAt) * this.#patience.hearing * MS;
    return Math.min(link.acked, link.begin + Math.floor(surely));
  }

  /** Whether someone spoke since the last words: the provider may have stopped hearing. */
  #leftVoiceUnanswered(link: Link): boolean {
    const isLong = this.#now - link.spokenAt > UNANSWERED_MS;
    return isLong && this.#ports.hasVoice(this.#recording.pcm, link.spoken, link.acked);
  }

  /** Resumes from the last words: a provider that fails has often been deaf for a while. */
  #goBack(link: Link): void {
    const unheard = this.#patience.unheard * STREAM_RATE;
    const lastWords = Math.max(link.begin, link.spoken - link.rewind, this.#resumeAt - unheard);
    this.#resumeAt = Math.min(this.#resumeAt, lastWords);
  }

  #onNotice(link: Link, notice: Wire.Notice): void {
    if (notice.code === "ending_soon") this.#secondsLeft = notice.seconds_left;
    if (notice.code === "options_ignored") this.#ignored = notice.options ?? [];
    // Make before break: this link goes on until its successor is ready.
    if (notice.code === "draining" && !link.stopped && !this.#next) {
      this.#backoff.beginAnew();
      this.#next = new Link(this.#now, false);
    }
  }

  #onFinal(link: Link, final: Wire.Final): void {
    this.#transcript.correct(final.text);
    this.#language = final.language ?? this.#language;
    if (final.status === "complete") {
      this.#reason = final.reason ?? (this.#recording.full ? "max_duration" : undefined);
      this.#finish("ended");
      return;
    }
    // An `error` or a close says how to go on.
    link.stopped = true;
    link.deadline = this.#now + this.#patience.afterword * 1000;
  }

  #onError(link: Link, error: Wire.Error): void {
    this.#openSessions = error.open_sessions ?? [];
    this.#avoid = error.avoid ?? this.#avoid;
    // Its person went on elsewhere, and nobody asked to take that place back; or a successor of ours
    // took it, and was lost.
    const replaced = link === this.#current && REPLACED.includes(error.code);
    const retryable = replaced ? link.challenged : error.retryable;
    const failure: Failure = {
      code: error.code,
      message: error.message,
      retryable,
      afterRefresh: error.code === "token_expired",
      retryAfter: error.retry_after,
    };
    this.#lost(link, failure, NORMAL);
  }

  #onClosed(id: number, code: number): void {
    const link = [this.#current, this.#next].find((each) => each?.id === id);
    if (!link) return;
    const isFinal = (FINAL_CLOSE_CODES as readonly number[]).includes(code);
    const message = `The server ended the session (${code}).`;
    this.#lost(link, isFinal ? { code: "internal", message, retryable: false } : UNREACHABLE);
  }

  // How it goes on.

  /** Takes notice that a link is gone, or never came; `code` closes its socket. */
  #lost(link: Link, failure: Failure, code?: number): void {
    this.#drop(link, code);
    this.#failure = failure;
    if (link === this.#next) {
      this.#next = undefined;
      // What the current one will say is worth more.
      if (!(failure.retryable || failure.afterRefresh) && this.#current) return;
    } else {
      this.#current = undefined;
      this.#transcript.settle();
      if (UNHEARD.includes(failure.code) || this.#leftVoiceUnanswered(link)) this.#goBack(link);
      if (this.#next?.alive) return; // it may be why the current one was ended
      if (this.#next) {
        this.#next = undefined; // it waits after tries that were free
        this.#backoff.beginAnew();
      }
    }
    this.#tryAgain(link, failure);
  }

  #tryAgain(link: Link, failure: Failure): void {
    if (failure.code === "idle_timeout" && !this.#hasMore(link)) {
      this.#next = new Link(NEVER, false); // until there is something to say
      return;
    }
    // A draining service ends the current session soon enough: until then tries are free.
    const free = this.#current !== undefined;
    const delay = this.#backoff.next(failure, link.freshToken, free);
    if (delay !== undefined) {
      this.#next = new Link(this.#now + delay * 1000, failure.afterRefresh ?? false);
    } else if (!free) {
      this.#fail(failure);
    }
  }

  #hasMore(link: Link): boolean {
    return this.#ended || this.#recording.length > link.sent;
  }

  /** Forgets a link; what it heard and said is kept. */
  #drop(link: Link, code?: number): void {
    if (code !== undefined && link.alive) {
      this.#effects.push({ type: "close", link: link.id, code });
    }
    link.phase = "gone";
  }

  /** Lets a link that waited for something to say begin. */
  #wake(): void {
    if (this.#next?.openAt === NEVER) this.#next.openAt = this.#now;
  }

  #noMore(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sign();
  }

  /** Waits for the text's end anew: something shows that the audio is heard. */
  #sign(): void {
    if (this.#ended) this.#finishBy = this.#now + this.#patience.finish * 1000;
  }

  #fail({ code, message, retryAfter }: SessionFailure): void {
    this.#failure = { code, message, retryAfter };
    this.#finish("failed");
  }

  #finish(over: "ended" | "failed"): void {
    for (const link of [this.#current, this.#next]) if (link) this.#drop(link, NORMAL);
    this.#current = this.#next = undefined;
    this.#transcript.settle();
    this.#finishBy = NEVER;
    if (over === "ended") this.#failure = undefined;
    this.#over = over;
    if (!this.#mayTakeOver) this.#recording.clear();
  }
}
