/** Gives a `Session` its sockets, its clock and its tokens. */
import { Scope } from "../lib/scope";
import {
  type Effect,
  type Failure,
  type SessionInput,
  type SessionView,
  UNREACHABLE,
} from "./effects";
import type { Patience } from "./link";
import { parseServerMessage, type SessionOptions } from "./messages";
import { Session } from "./session";
import { SignedOutError, SignInError, type TokenSupplier } from "./token";

/** As much of `WebSocket` as a session uses. */
export interface Socket extends EventTarget {
  readonly bufferedAmount: number;
  send(data: string | Int16Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export interface SessionEnvironment {
  /** `ws:` or `wss:` address of the realtime endpoint. */
  readonly url: string;
  readonly token: TokenSupplier;
  readonly connect?: ((url: string) => Socket) | undefined;
  readonly patience?: Patience;
}

/** Whether an address is this machine's own. */
function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

interface OpenSocket {
  readonly socket: Socket;
  readonly scope: Scope;
}

/** Why there is no token; whatever else went wrong, another try may find it mended. */
function toFailure(error: unknown): Failure {
  if (error instanceof SignedOutError) {
    return { code: "unauthenticated", message: error.message, retryable: false };
  }
  if (error instanceof SignInError) {
    const { message, retryable, reason } = error;
    return { code: "sign_in_failed", message, retryable, reason };
  }
  return UNREACHABLE;
}

export class SessionDriver {
  readonly #environment: SessionEnvironment;
  readonly #session: Session;
  readonly #onChange: () => void;
  readonly #scope: Scope;
  readonly #sockets = new Map<number, OpenSocket>();
  #wakeAt: number | undefined;
  #cancelWake = () => {};
  #voice: typeof import("./voice") | undefined;

  /** Ends with the scope; `onChange` is called after everything that may have changed the view. */
  constructor(
    options: SessionOptions,
    environment: SessionEnvironment,
    scope: Scope,
    onChange: () => void,
  ) {
    this.#environment = environment;
    this.#onChange = onChange;
    this.#scope = new Scope(scope);
    const ports = {
      buffered: (link: number) => this.#sockets.get(link)?.socket.bufferedAmount ?? 0,
      hasVoice: (pcm: Int16Array, from: number, to: number) =>
        this.#voice?.hasVoice(pcm, from, to) ?? false,
      random: Math.random,
    };
    this.#session = new Session(options, ports, environment.patience);
    this.#scope.add(() => this.give({ type: "cancel" }));
    if (isLoopback(environment.url)) return; // reached without a network
    const online = () => this.give({ type: "online", online: navigator.onLine });
    this.#scope.listen(window, "online", online);
    this.#scope.listen(window, "offline", online);
    // Only a clear no counts: some places know of no network and have one.
    if (navigator.onLine === false) online();
  }

  get view(): SessionView {
    return this.#session.view;
  }

  give(input: SessionInput): void {
    for (const effect of this.#session.handle(input, performance.now())) this.#perform(effect);
    this.#schedule();
    this.#onChange();
  }

  #schedule(): void {
    const at = this.#scope.disposed ? undefined : this.#session.wakeAt;
    if (at === this.#wakeAt) return;
    this.#cancelWake();
    this.#cancelWake = () => {};
    this.#wakeAt = at;
    if (at === undefined) return;
    this.#cancelWake = this.#scope.after(Math.max(0, at - performance.now()), () => {
      this.#wakeAt = undefined;
      this.give({ type: "tick" });
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "token":
        void this.#fetchToken(effect.link, effect.refresh);
        break;
      case "connect":
        this.#connect(effect.link);
        break;
      case "send":
        this.#sockets.get(effect.link)?.socket.send(effect.data);
        break;
      case "close":
        this.#forget(effect.link)?.close(effect.code);
        break;
    }
  }

  async #fetchToken(link: number, refresh: boolean): Promise<void> {
    let input: SessionInput;
    try {
      input = { type: "token", link, token: await this.#environment.token(refresh) };
    } catch (error) {
      input = { type: "tokenFailed", link, failure: toFailure(error) };
    }
    if (!this.#scope.disposed) this.give(input);
  }

  #connect(link: number): void {
    void import("./voice").then(
      (voice) => {
        this.#voice = voice;
      },
      () => {}, // without it a successor begins a little before the last `ack`
    );
    const { url, connect } = this.#environment;
    const socket = connect ? connect(url) : new WebSocket(url);
    const scope = new Scope(this.#scope);
    this.#sockets.set(link, { socket, scope });
    scope.listen(socket, "open", () => this.give({ type: "opened", link }));
    scope.listen(socket, "message", (event) => {
      const message = parseServerMessage((event as MessageEvent<unknown>).data);
      if (message) this.give({ type: "message", link, message });
    });
    scope.listen(socket, "close", (event) => {
      this.#forget(link);
      this.give({ type: "closed", link, code: (event as CloseEvent).code });
    });
  }

  #forget(link: number): Socket | undefined {
    const open = this.#sockets.get(link);
    this.#sockets.delete(link);
    open?.scope.dispose();
    return open?.socket;
  }
}
