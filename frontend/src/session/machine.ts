/**
 * One live session as a state machine: inputs in, effects out, time as an argument. It knows no
 * socket, no timer and no token supplier; `driver.ts` has those.
 *
 * A session is carried by links, one per socket. `#live` carries the audio; `#next` is on its way
 * to take over, after a loss or ahead of one.
 */
import { STREAM_RATE } from "../audio/pcm";
import { FINAL_CLOSE_CODES, LIMITS } from "../generated/constants";
import type * as Wire from "../generated/protocol";
import { Backlog } from "./backlog";
import { backoffMs } from "./backoff";
import {
  type Effect,
  CLOSE_GIVEN_UP as GIVEN_UP,
  CLOSE_NORMAL as NORMAL,
  type Phase,
  type SessionFailure,
  type SessionInput,
  type SessionPorts,
  type SessionView,
} from "./contract";
import { Link } from "./link";
import { type ServerMessage, type SessionOptions, startMessage } from "./messages";

/** While a socket is full, look again this often. */
const PUMP_MS = 100;
const TOKEN_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 15_000;
/** After a partial `final`, for the `error` that says whether to go on. */
const AFTERWORD_TIMEOUT_MS = 2000;
/** From the stop, or the last sign that audio is still heard, to the next one or the final text. */
const FINISH_TIMEOUT_MS = 20_000;
/** This much more acknowledged than ever before is progress, and forgives earlier tries. Samples. */
const PROGRESS = STREAM_RATE;

const UNREACHABLE: SessionFailure = {
  code: "unreachable",
  message: "The transcription service cannot be reached.",
};

export class SessionMachine {
  readonly #options: SessionOptions;
  readonly #ports: SessionPorts;
  readonly #backlog = new Backlog();
  #effects: Effect[] = [];
  #now = 0;

  #started = false;
  #stopping = false;
  #over: "ended" | "failed" | undefined;
  #finishBy = Number.POSITIVE_INFINITY;
  #online = true;

  #live: Link | undefined;
  #next: Link | undefined;
  #links = 0;
  /** When the next link is to be made. */
  #retryAt: number | undefined;
  #tries = 0;
  /** The furthest sample that was ever acknowledged. */
  #furthest = 0;
  #refreshToken = false;
  /** The session that a new link takes the place of, and where it starts, when none is live. */
  #resumes: string | undefined;
  #resumeAt = 0;

  #text = "";
  #language: string | undefined;
  #secondsLeft: number | undefined;
  #ignored: readonly string[] = [];
  #reason: Wire.Final["reason"];
  #failure: SessionFailure | undefined;
  #openSessions: readonly string[] = [];

  constructor(options: SessionOptions, ports: SessionPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** Takes one input at time `now` (monotonic milliseconds) and returns what is to be done. */
  handle(input: SessionInput, now: number): Effect[] {
    this.#now = now;
    this.#effects = [];
    this.#apply(input);
    if (this.#started) this.#advance();
    return this.#effects;
  }

  /** When the machine wants a `tick` at the latest; undefined while it only waits for inputs. */
  get wakeAt(): number | undefined {
    if (this.#over || !this.#started) return undefined;
    const times = [this.#finishBy];
    if (this.#next) times.push(this.#next.deadline);
    if (this.#retryAt !== undefined && this.#online) times.push(this.#retryAt);
    if (this.#live) {
      times.push(this.#live.deadline, this.#live.halfOpenAt);
      if (this.#live.sent < this.#backlog.end) times.push(this.#now + PUMP_MS);
    }
    const earliest = Math.min(...times);
    return Number.isFinite(earliest) ? earliest : undefined;
  }

  get view(): SessionView {
    const sent = this.#live?.sent ?? this.#resumeAt;
    return {
      phase: this.#phase,
      text: this.#joined,
      offline: !this.#online,
      lagMs: this.#over ? 0 : Math.round(((this.#backlog.end - sent) * 1000) / STREAM_RATE),
      openSessions: this.#openSessions,
      ignored: this.#ignored,
      ...(this.#language ? { language: this.#language } : {}),
      ...(this.#secondsLeft === undefined ? {} : { secondsLeft: this.#secondsLeft }),
      ...(this.#reason ? { reason: this.#reason } : {}),
      ...(this.#failure ? { failure: this.#failure } : {}),
    };
  }

  get #phase(): Phase {
    if (this.#over) return this.#over;
    if (!this.#started) return "idle";
    if (this.#stopping) return "finishing";
    if (this.#live) return "listening";
    return this.#resumes === undefined && this.#tries === 0 ? "connecting" : "reconnecting";
  }

  get #joined(): string {
    return this.#live?.joined ?? this.#text;
  }

  #apply(input: SessionInput): void {
    if (input.type === "takeOver") this.#takeOver(input.sessionId);
    // While the place is held elsewhere it may still be taken over: nothing is to be missing then.
    if (this.#over && !(input.type === "audio" && this.#mayTakeOver)) return;
    switch (input.type) {
      case "start":
        if (this.#started) break;
        this.#started = true;
        this.#retryAt = this.#now;
        this.#extendFinish();
        break;
      case "audio":
        if (!this.#stopping) this.#backlog.push(input.pcm);
        break;
      case "stop":
        if (!this.#stopping) this.#finishBy = this.#now + FINISH_TIMEOUT_MS;
        this.#stopping = true;
        break;
      case "cancel":
        this.#end("ended");
        break;
      case "online":
        if (input.online && !this.#online && this.#retryAt !== undefined) this.#retryAt = this.#now;
        this.#online = input.online;
        break;
      case "token":
        this.#onToken(input.link, input.token);
        break;
      case "tokenFailed":
        this.#onTokenFailed(input.link, input.signedOut);
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

  // What time brings.

  #advance(): void {
    if (this.#now >= this.#finishBy) this.#fail(this.#failure ?? UNREACHABLE);
    for (const link of [this.#next, this.#live]) {
      if (link && this.#now >= link.deadline) this.#lose(link, GIVEN_UP);
    }
    if (this.#live) {
      const buffered = this.#ports.buffered(this.#live.id);
      this.#effects.push(...this.#live.pump(this.#backlog, buffered, this.#stopping));
      if (this.#live.isHalfOpen(this.#now)) this.#lose(this.#live, GIVEN_UP);
    }
    if (this.#retryAt !== undefined && this.#online && this.#now >= this.#retryAt) this.#dial();
  }

  #dial(): void {
    this.#retryAt = undefined;
    this.#links += 1;
    this.#next = new Link(this.#links, this.#now + TOKEN_TIMEOUT_MS);
    this.#effects.push({ type: "token", link: this.#next.id, refresh: this.#refreshToken });
    this.#refreshToken = false;
  }

  // What the links bring. One that was left is never found again.

  #onToken(id: number, token: string): void {
    const link = this.#next;
    if (link?.id !== id || link.state !== "token") return;
    link.state = "opening";
    link.deadline = this.#now + OPEN_TIMEOUT_MS;
    link.token = token;
    this.#effects.push({ type: "connect", link: id });
  }

  #onTokenFailed(id: number, signedOut: boolean): void {
    const link = this.#next;
    if (link?.id !== id) return;
    if (!signedOut) this.#lose(link, GIVEN_UP);
    else if (this.#live) this.#drop(link);
    else this.#fail({ code: "unauthenticated", message: "You are signed out." });
  }

  #onOpened(id: number): void {
    const link = this.#next;
    if (link?.id !== id || link.state !== "opening") return;
    link.state = "starting";
    link.deadline = this.#now + READY_TIMEOUT_MS;
    const resumes = this.#live?.sessionId ?? this.#resumes;
    const data = startMessage(this.#options, link.token, resumes);
    link.token = "";
    this.#effects.push({ type: "send", link: id, data });
  }

  #onMessage(id: number, message: ServerMessage): void {
    const link = [this.#live, this.#next].find((each) => each?.id === id);
    if (!link) return;
    switch (message.type) {
      case "ready":
        this.#onReady(link, message);
        break;
      case "delta":
        link.text += message.text;
        this.#extendFinish();
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
    if (link !== this.#next || link.state !== "starting") return;
    if (this.#live) this.#drop(this.#live, NORMAL);
    link.ready(message, Math.max(this.#backlog.start, this.#resumeAt), this.#text);
    this.#live = link;
    this.#next = undefined;
    this.#failure = undefined;
    this.#secondsLeft = undefined;
    this.#ignored = [];
    this.#openSessions = [];
  }

  #onAck(link: Link, audioMs: number): void {
    link.ack(audioMs);
    this.#backlog.trim(link.resumeAt);
    this.#extendFinish();
    if (link.acked >= this.#furthest + PROGRESS) {
      this.#furthest = link.acked;
      this.#tries = 0;
    }
  }

  /** The last words are awaited for as long as there are signs of them. */
  #extendFinish(): void {
    if (this.#stopping) this.#finishBy = this.#now + FINISH_TIMEOUT_MS;
  }

  #onNotice(link: Link, notice: Wire.Notice): void {
    if (link !== this.#live) return;
    if (notice.code === "ending_soon") this.#secondsLeft = notice.seconds_left;
    if (notice.code === "options_ignored") this.#ignored = notice.options ?? [];
    // Make before break: this link goes on until its successor is ready.
    if (notice.code === "draining" && !this.#next) this.#retryAt ??= this.#now;
  }

  #onFinal(link: Link, final: Wire.Final): void {
    if (link !== this.#live) return;
    link.state = "closing";
    link.deadline = this.#now + AFTERWORD_TIMEOUT_MS;
    link.text = final.text;
    this.#language = final.language ?? this.#language;
    if (final.status === "complete") {
      this.#reason = final.reason;
      this.#end("ended");
    }
  }

  #onError(link: Link, error: Wire.Error): void {
    const failure: SessionFailure = {
      code: error.code,
      message: error.message,
      ...(error.retry_after === undefined ? {} : { retryAfter: error.retry_after }),
    };
    this.#openSessions = error.open_sessions ?? [];
    // Told on a live link, it means that the person went on elsewhere: not to be taken back unasked.
    const replaced = error.code === "session_limit" && link === this.#live;
    if (error.code === "token_expired") {
      this.#refreshToken = true;
      this.#lose(link, NORMAL, failure, 0);
    } else if (error.retryable && !replaced) {
      this.#lose(link, NORMAL, failure, error.retry_after);
    } else {
      this.#refuse(link, NORMAL, failure);
    }
  }

  #onClosed(id: number, code: number): void {
    const link = [this.#live, this.#next].find((each) => each?.id === id);
    if (!link) return;
    if (!(FINAL_CLOSE_CODES as readonly number[]).includes(code)) this.#lose(link);
    else {
      const message = `The server ended the session (${code}).`;
      this.#refuse(link, undefined, { code: "internal", message });
    }
  }

  // Losing, ending, taking over.

  /** Forgets a link; what it heard and said is kept. */
  #drop(link: Link, code?: number): void {
    if (code !== undefined) this.#effects.push({ type: "close", link: link.id, code });
    if (link === this.#next) {
      this.#next = undefined;
      return;
    }
    link.state = "closing";
    this.#text = link.joined;
    this.#resumes = link.sessionId;
    this.#resumeAt = link.resumeAt;
    this.#live = undefined;
  }

  /** Gives a link up and plans the next try, while there are tries left. */
  #lose(link: Link, code?: number, failure = UNREACHABLE, retryAfter?: number): void {
    this.#drop(link, code);
    this.#failure = failure;
    if (this.#next || this.#retryAt !== undefined) return;
    if (this.#tries < LIMITS.max_resume_tries) {
      this.#retryAt = this.#now + backoffMs(this.#tries, retryAfter, this.#ports.random());
      this.#tries += 1;
    } else if (!this.#live) {
      this.#fail(failure);
    }
  }

  /** A link that is not to be tried again; another that is there goes on. */
  #refuse(link: Link, code: number | undefined, failure: SessionFailure): void {
    this.#drop(link, code);
    if (!this.#live && !this.#next) this.#fail(failure);
  }

  get #mayTakeOver(): boolean {
    return this.#over !== "ended" && this.#openSessions.length > 0;
  }

  #takeOver(sessionId: string): void {
    if (this.#live || !this.#started || this.#over === "ended") return;
    if (this.#next) this.#drop(this.#next, NORMAL);
    this.#over = undefined;
    this.#failure = undefined;
    this.#openSessions = [];
    this.#resumes = sessionId;
    this.#tries = 0;
    this.#retryAt = this.#now;
    this.#extendFinish();
  }

  #fail(failure: SessionFailure): void {
    this.#failure = failure;
    this.#end("failed");
  }

  #end(over: "ended" | "failed"): void {
    for (const link of [this.#live, this.#next]) if (link) this.#drop(link, NORMAL);
    this.#retryAt = undefined;
    this.#finishBy = Number.POSITIVE_INFINITY;
    this.#over = over;
    if (!this.#mayTakeOver) this.#backlog.clear();
  }
}
