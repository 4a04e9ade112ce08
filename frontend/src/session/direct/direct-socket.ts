/**
 * The provider's socket in the shape of the bridge's: what a session sends and hears is our own
 * protocol, so that one machine drives both. A user who gets no token uses the bridge.
 */
import { STREAM_RATE } from "../../audio/pcm";
import type * as Wire from "../../generated/protocol";
import { Scope } from "../../lib/scope";
import { type Api, ApiError } from "../../services/http";
import type { Socket } from "../driver";
import { CLOSE_GIVEN_UP, CLOSE_NORMAL } from "../effects";
import type { ServerMessage } from "../messages";
import { SignedOutError } from "../token";
import { Hearing } from "./hearing";
import { appendMessage, END_MESSAGES, FAILURES, type Failure, parseProviderEvent } from "./mistral";

const SUBPROTOCOL = "realtime";
/** Between two looks at how much has left the socket; as often an `ack` may come. */
const LOOK_MS = 400;
/** From here on the session hears that it ends soon, as the bridge would say. */
const ENDING_SOON_SECONDS = 30;
/** Bytes of audio as base64. */
const BASE64 = 4 / 3;
/** No close frame came (RFC 6455, 7.1.5): another try is worth it. */
const CLOSE_ABNORMAL = 1006;
/** The provider is not for this person, or not any more. */
const OVER_THE_BRIDGE: readonly string[] = ["forbidden", "transcription_disabled"];

export interface DirectEnvironment {
  /** Asks for a token. @throws ApiError, SignedOutError */
  readonly mint: (asked: Wire.RealtimeTokenRequest) => Promise<Wire.RealtimeToken>;
  /** Reports what a session has used; nothing waits for it. */
  readonly settle: (sessionId: string, audioSeconds: number) => void;
  readonly open: (url: string, protocols: string[]) => Socket;
  readonly bridge: () => Socket;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class DirectSocket extends EventTarget implements Socket {
  readonly #environment: DirectEnvironment;
  readonly #scope = new Scope();
  #bridge: Socket | undefined;
  #provider: Socket | undefined;
  #token: Wire.RealtimeToken | undefined;
  #hearing: Hearing | undefined;
  #text = "";
  #endingSoon = false;
  /** No more audio is taken. */
  #ended = false;
  #reason: Wire.Final["reason"];
  /** Its successor takes its place, which settles it. */
  #lost = false;
  #settled = false;

  constructor(environment: DirectEnvironment) {
    super();
    this.#environment = environment;
    // The caller adds its listeners a moment later.
    this.#soon(() => this.dispatchEvent(new Event("open")));
  }

  /** Bytes of audio that have not left the socket. */
  get bufferedAmount(): number {
    if (this.#bridge) return this.#bridge.bufferedAmount;
    return Math.floor((this.#provider?.bufferedAmount ?? 0) / BASE64);
  }

  send(data: string | Int16Array<ArrayBuffer>): void {
    if (this.#bridge) this.#bridge.send(data);
    else if (typeof data !== "string") this.#hand(data);
    else {
      const message = JSON.parse(data) as Wire.ClientMessage;
      if (message.type === "start") void this.#start(message, data);
      else this.#end();
    }
  }

  close(code = CLOSE_NORMAL): void {
    this.#scope.dispose();
    this.#bridge?.close(code);
    this.#provider?.close(CLOSE_NORMAL);
    if (!this.#lost && code !== CLOSE_GIVEN_UP) this.#settle();
  }

  // Beginning.

  async #start(start: Wire.Start, data: string): Promise<void> {
    // The options are the same; these belong to the bridge.
    const { type, v, audio_format, access_token, ...asked } = start;
    let token: Wire.RealtimeToken;
    try {
      token = await this.#environment.mint(asked);
    } catch (error) {
      if (!this.#scope.disposed) this.#onRefused(error, data);
      return;
    }
    this.#token = token;
    // What was closed meanwhile has used nothing, and must not hold the place.
    if (this.#scope.disposed) this.#settle();
    else this.#connect(token);
  }

  #onRefused(error: unknown, start: string): void {
    if (error instanceof SignedOutError) {
      this.#fail({ code: "unauthenticated", message: error.message, retryable: false });
    } else if (!(error instanceof ApiError) || error.code === "unreachable") {
      this.#close();
    } else if (OVER_THE_BRIDGE.includes(error.code)) {
      this.#goOver(start);
    } else {
      this.#fail({
        code: error.code,
        message: error.message,
        retryable: error.retryable,
        ...(error.retryAfter === undefined ? {} : { retry_after: error.retryAfter }),
        ...(error.openSessions.length === 0 ? {} : { open_sessions: [...error.openSessions] }),
      });
    }
  }

  /** From here on this is the bridge's socket. */
  #goOver(start: string): void {
    const bridge = this.#environment.bridge();
    this.#bridge = bridge;
    this.#scope.listen(bridge, "open", () => bridge.send(start));
    this.#scope.listen(bridge, "message", (event) => {
      this.dispatchEvent(new MessageEvent("message", { data: (event as MessageEvent).data }));
    });
    this.#scope.listen(bridge, "close", (event) => this.#close((event as CloseEvent).code));
  }

  #connect(token: Wire.RealtimeToken): void {
    const provider = this.#environment.open(token.url, [SUBPROTOCOL, token.token]);
    this.#provider = provider;
    this.#scope.listen(provider, "message", (event) => {
      this.#onMessage((event as MessageEvent<unknown>).data);
    });
    this.#scope.listen(provider, "close", () => this.#close());
    // A page that goes cannot wait for its session's end.
    this.#scope.listen(globalThis, "pagehide", () => this.#settle());
  }

  // What the provider says.

  #onMessage(data: unknown): void {
    const event = parseProviderEvent(data);
    const token = this.#token;
    if (!event || !token) return;
    this.#hearing?.left(this.#provider?.bufferedAmount ?? 0);
    this.#hearing?.sign(this.#environment.now());
    switch (event.type) {
      case "created":
        this.#onCreated(token);
        break;
      case "delta":
        this.#text += event.text;
        this.#tell({ type: "delta", text: event.text });
        break;
      case "language":
      case "segment":
      case "turn":
        this.#tell(event);
        break;
      case "done":
        this.#onDone(token, event);
        break;
      case "error":
        this.#fail(FAILURES[event.code]);
        break;
    }
  }

  #onCreated(token: Wire.RealtimeToken): void {
    if (this.#hearing) return;
    this.#hearing = new Hearing(STREAM_RATE, this.#environment.now());
    // Its answer is not awaited: a refusal comes as an `error`.
    this.#provider?.send(token.setup);
    this.#scope.every(LOOK_MS, () => this.#look());
    const { session_id, model, max_seconds, resume_rewind_ms, options_ignored: options } = token;
    this.#tell({ type: "ready", v: 1, session_id, model, max_seconds, resume_rewind_ms });
    if (options) this.#tell({ type: "notice", code: "options_ignored", options });
  }

  #onDone(token: Wire.RealtimeToken, done: { text: string; language?: string }): void {
    if (!this.#ended) {
      // Unasked: what is spoken from here on would be lost.
      this.#fail(FAILURES.provider_unavailable);
      return;
    }
    this.#tell({
      type: "final",
      // Some only end with what they have said; what was said stays.
      text: done.text || this.#text,
      status: "complete",
      ...(this.#reason ? { reason: this.#reason } : {}),
      ...(done.language ? { language: done.language } : {}),
      model: token.model,
      audio_seconds: this.#seconds,
      session_id: token.session_id,
    });
  }

  // What is sent.

  #hand(pcm: Int16Array<ArrayBuffer>): void {
    const [hearing, provider, token] = [this.#hearing, this.#provider, this.#token];
    if (!hearing || !provider || !token || this.#ended) return;
    const room = Math.floor(token.max_seconds * STREAM_RATE) - hearing.handed;
    const part = pcm.length > room ? pcm.subarray(0, room) : pcm;
    if (part.length > 0) {
      const message = appendMessage(part);
      hearing.hand(part, message.length);
      provider.send(message);
    }
    const left = token.max_seconds - this.#seconds;
    if (pcm.length >= room) {
      this.#reason = token.cut_by;
      this.#end();
    } else if (left <= ENDING_SOON_SECONDS && !this.#endingSoon) {
      this.#endingSoon = true;
      const notice = { type: "notice", code: "ending_soon", seconds_left: left } as const;
      // The caller is still inside of send().
      this.#soon(() => this.#tell(notice));
    }
  }

  #end(): void {
    if (this.#ended || !this.#hearing) return;
    this.#ended = true;
    for (const message of END_MESSAGES) this.#provider?.send(message);
  }

  #look(): void {
    const [hearing, token] = [this.#hearing, this.#token];
    if (!hearing || !token) return;
    const moved = hearing.left(this.#provider?.bufferedAmount ?? 0);
    if (hearing.isStalled(this.#environment.now())) this.#fail(FAILURES.provider_unavailable);
    else if (moved)
      this.#tell({ type: "ack", audio_ms: Math.floor((hearing.heard * 1000) / STREAM_RATE) });
  }

  get #seconds(): number {
    return (this.#hearing?.handed ?? 0) / STREAM_RATE;
  }

  // Ending.

  #fail(error: Failure): void {
    this.#lost = error.retryable || error.code === "token_expired";
    this.#tell({ type: "error", ...error });
  }

  /** A socket that is closed is not closed again. */
  #close(code = CLOSE_ABNORMAL): void {
    this.#lost = true;
    this.close(CLOSE_NORMAL);
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  /** Frees the place and returns what is left, once. */
  #settle(): void {
    if (this.#settled || !this.#token) return;
    this.#settled = true;
    this.#environment.settle(this.#token.session_id, this.#seconds);
  }

  #tell(message: ServerMessage): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  #soon(run: () => void): void {
    queueMicrotask(() => {
      if (!this.#scope.disposed) run();
    });
  }
}

/** Makes a session's sockets, each with a token of its own. */
export function directSockets(api: Api): (bridgeUrl: string) => Socket {
  const path = "/transcriptions/realtime-token";
  return (bridgeUrl) =>
    new DirectSocket({
      mint: (json) => api.call<Wire.RealtimeToken>(path, { method: "POST", json }),
      settle: (sessionId, audioSeconds) => {
        const json: Wire.RealtimeSettlementRequest = { audio_seconds: audioSeconds };
        const settled = api.call(`${path}/${sessionId}/settle`, {
          method: "POST",
          json,
          keepalive: true,
        });
        // Not settled, it is charged what was granted; there is no one to tell.
        settled.catch(() => {});
      },
      open: (url, protocols) => new WebSocket(url, protocols),
      bridge: () => new WebSocket(bridgeUrl),
      now: () => performance.now(),
    });
}
