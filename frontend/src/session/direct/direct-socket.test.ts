// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as Wire from "../../generated/protocol";
import { Scope } from "../../lib/scope";
import { ApiError } from "../../services/http";
import { SessionDriver, type Socket } from "../driver";
import type { SessionOptions } from "../messages";
import { SignedOutError } from "../token";
import { DirectSocket } from "./direct-socket";

const TOKEN: Wire.RealtimeToken = {
  session_id: "session-1",
  wire: "mistral",
  url: "wss://provider.test/realtime?model=m",
  token: "rt_secret",
  expires_at: "2026-03-10T12:01:00Z",
  model: "m",
  max_seconds: 300,
  cut_by: "max_duration",
  resume_rewind_ms: 4000,
  audio_format: { encoding: "pcm_s16le", sample_rate: 16_000 },
  setup: JSON.stringify({ type: "session.update", session: { language: "en" } }),
};
const SECOND = 16_000;
/** Loud and soft by turns, as speech is. */
const voice = (seconds: number) =>
  Int16Array.from({ length: seconds * SECOND }, (_, n) => {
    const peak = n % 3200 < 1600 ? 3000 : 300;
    return n % 2 ? peak : -peak;
  });

class FakeSocket extends EventTarget implements Socket {
  bufferedAmount = 0;
  closedWith: number | undefined;
  readonly sent: Record<string, string>[] = [];
  readonly binary: Int16Array[] = [];
  readonly url: string;
  readonly protocols: string[];

  constructor(url: string, protocols: string[] = []) {
    super();
    this.url = url;
    this.protocols = protocols;
  }

  send(data: string | Int16Array<ArrayBuffer>): void {
    if (typeof data === "string") this.sent.push(JSON.parse(data));
    else this.binary.push(data);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  say(event: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(event) }));
  }

  create(): void {
    this.say({ type: "session.created", session: { request_id: "r" } });
  }

  drop(code = 1006): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  get types(): (string | undefined)[] {
    return this.sent.map((message) => message.type);
  }

  /** Samples that were appended. */
  get samples(): number {
    return this.sent.reduce((sum, { audio }) => sum + (audio ? atob(audio).length / 2 : 0), 0);
  }
}

/** A session over direct sockets: the machine is the real one, and so is its clock's driver. */
class World {
  readonly scope = new Scope();
  readonly asked: Wire.RealtimeTokenRequest[] = [];
  readonly settled: [string, number][] = [];
  readonly sockets: FakeSocket[] = [];
  readonly bridges: FakeSocket[] = [];
  answer: () => Promise<Wire.RealtimeToken>;
  readonly driver: SessionDriver;

  constructor(options: SessionOptions = { language: "English" }) {
    this.answer = async () => ({ ...TOKEN, session_id: `session-${this.asked.length}` });
    const environment = {
      url: "wss://bridge.test/",
      token: async () => "access",
      connect: () =>
        new DirectSocket({
          mint: (asked) => {
            this.asked.push(asked);
            return this.answer();
          },
          settle: (id, seconds) => this.settled.push([id, seconds]),
          open: (url, protocols) => this.#add(this.sockets, new FakeSocket(url, protocols)),
          bridge: () => this.#add(this.bridges, new FakeSocket("bridge")),
          now: () => performance.now(),
        }),
    };
    this.driver = new SessionDriver(options, environment, this.scope, () => {});
  }

  #add(list: FakeSocket[], socket: FakeSocket): FakeSocket {
    list.push(socket);
    return socket;
  }

  socket(n = 0): FakeSocket {
    const socket = this.sockets[n];
    if (!socket) throw new Error(`There is no socket ${n}.`);
    return socket;
  }

  async begin(): Promise<FakeSocket> {
    this.driver.give({ type: "start" });
    await this.pass(0);
    this.socket().create();
    return this.socket();
  }

  speak(pcm: Int16Array<ArrayBuffer>): void {
    for (let at = 0; at < pcm.length; at += 1600) {
      this.driver.give({ type: "audio", pcm: pcm.slice(at, at + 1600) });
    }
  }

  pass(ms: number) {
    return vi.advanceTimersByTimeAsync(ms);
  }

  get view() {
    return this.driver.view;
  }
}

let world: World;
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  world = new World();
});
afterEach(() => {
  world.scope.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("A session goes from token to words to final text, on the provider's own wire", async () => {
  world = new World({ language: "English", contextBias: ["Voxtral"] });
  world.speak(voice(0.2));
  const socket = await world.begin();
  expect(world.asked).toEqual([{ language: "English", context_bias: ["Voxtral"] }]);
  expect([socket.url, socket.protocols]).toEqual([TOKEN.url, ["realtime", "rt_secret"]]);
  expect(socket.sent[0]).toEqual(JSON.parse(TOKEN.setup));
  expect(world.view.phase).toBe("listening");
  world.speak(voice(1));
  expect(socket.samples).toBe(1.2 * SECOND);
  socket.say({ type: "transcription.language", audio_language: "en" });
  socket.say({ type: "transcription.text.delta", text: "one" });
  socket.say({ type: "transcription.text.delta", text: " two" });
  socket.say({ type: "something.new" });
  expect(world.view).toMatchObject({ text: "one two", language: "en" });
  world.driver.give({ type: "stop" });
  expect(socket.types.slice(-2)).toEqual(["input_audio.flush", "input_audio.end"]);
  socket.say({ type: "transcription.done", text: "One two.", language: "en", usage: {} });
  expect(world.view).toMatchObject({ phase: "ended", text: "One two." });
  expect(socket.closedWith).toBe(1000);
  expect(world.settled).toEqual([["session-1", 1.2]]);
  expect(vi.getTimerCount()).toBe(0);
});

test("A dropped socket is followed by one with a new token, from what was surely heard", async () => {
  const socket = await world.begin();
  world.speak(voice(10));
  await world.pass(500);
  socket.say({ type: "transcription.text.delta", text: "one two three" });
  world.speak(voice(2));
  await world.pass(500);
  socket.drop();
  expect(world.view.phase).toBe("reconnecting");
  await world.pass(600);
  expect(world.asked[1]).toMatchObject({ resumes: "session-1" });
  world.socket(1).create();
  await world.pass(1000); // two seconds of audio at a time
  // 10 s were taken as the last words came; 4 s before them it begins again.
  expect(world.socket(1).samples).toBe((12 - 6) * SECOND);
  world.socket(1).say({ type: "transcription.text.delta", text: "two three four" });
  expect(world.view.text).toBe("one two three four");
  expect(world.settled).toEqual([]); // its successor took its place
  world.driver.give({ type: "stop" });
  world.socket(1).say({ type: "transcription.done", text: "two three four" });
  expect(world.view).toMatchObject({ phase: "ended", text: "one two three four" });
  expect(world.settled).toEqual([["session-2", 6]]);
});

test("A socket that takes nothing any more is half open, and left", async () => {
  const socket = await world.begin();
  world.speak(voice(2));
  await world.pass(500);
  socket.bufferedAmount = 90_000;
  world.speak(voice(1));
  await world.pass(6000);
  expect(socket.closedWith).toBe(1000);
  expect(world.asked[1]).toMatchObject({ resumes: "session-1" });
  expect(world.settled).toEqual([]);
});

test("Voice that nobody answers is a stall, and what was spoken meanwhile is sent again", async () => {
  const socket = await world.begin();
  socket.say({ type: "transcription.text.delta", text: "one" });
  for (let second = 0; second < 15; second += 1) {
    world.speak(voice(1));
    await world.pass(1000);
  }
  await world.pass(1500);
  expect(socket.closedWith).toBe(1000);
  world.socket(1).create();
  await world.pass(1000);
  expect(world.socket(1).samples).toBe(15 * SECOND);
});

test("A minute of silence is neither", async () => {
  const socket = await world.begin();
  for (let second = 0; second < 60; second += 1) {
    world.speak(new Int16Array(SECOND));
    await world.pass(1000);
  }
  expect(world.view.phase).toBe("listening");
  expect(socket.closedWith).toBeUndefined();
});

test("At the end of the grant the audio ends, and the reason is told", async () => {
  world.answer = async () => ({ ...TOKEN, max_seconds: 32.5, cut_by: "quota_exceeded" });
  const socket = await world.begin();
  world.speak(voice(3));
  await world.pass(0);
  expect(world.view.secondsLeft).toBeCloseTo(30, 0);
  world.speak(voice(40));
  expect(socket.samples).toBe(32.5 * SECOND);
  expect(socket.types.slice(-2)).toEqual(["input_audio.flush", "input_audio.end"]);
  socket.say({ type: "transcription.done", text: "all of it" });
  expect(world.view).toMatchObject({ phase: "ended", text: "all of it", reason: "quota_exceeded" });
  expect(world.settled).toEqual([["session-1", 32.5]]);
});

test.each([
  ["quota_exceeded", false, "failed"],
  ["budget_exceeded", false, "failed"],
  ["not_found", false, "failed"],
  ["provider_rejected", false, "failed"],
  ["session_limit", true, "reconnecting"],
  ["ledger_unavailable", true, "reconnecting"],
  ["provider_rate_limited", true, "reconnecting"],
] as const)(
  "A token that is refused with %s is told as the bridge would",
  async (code, retryable, phase) => {
    world.answer = () =>
      Promise.reject(
        new ApiError(code, "Details.", {
          retryable,
          retryAfter: 30,
          openSessions: ["elsewhere"],
        }),
      );
    world.driver.give({ type: "start" });
    await world.pass(0);
    expect(world.view).toMatchObject({ phase, openSessions: ["elsewhere"] });
    if (phase === "failed") {
      expect(world.view.failure).toEqual({ code, message: "Details.", retryAfter: 30 });
    }
    expect(world.sockets).toEqual([]);
  },
);

test("An endpoint that cannot be reached is tried again; signed out is not", async () => {
  world.answer = () => Promise.reject(new ApiError("unreachable", "Away.", { retryable: true }));
  world.driver.give({ type: "start" });
  await world.pass(600);
  expect(world.view.phase).toBe("reconnecting");
  expect(world.asked).toHaveLength(2);
  world.answer = () => Promise.reject(new SignedOutError());
  await world.pass(1200);
  expect(world.view).toMatchObject({ phase: "failed", failure: { code: "unauthenticated" } });
});

test.each(["forbidden", "transcription_disabled"] as const)(
  "Who gets no token because of %s goes over the bridge",
  async (code) => {
    world.answer = () => Promise.reject(new ApiError(code, "No."));
    world.driver.give({ type: "start" });
    await world.pass(0);
    const [bridge] = world.bridges;
    bridge?.dispatchEvent(new Event("open"));
    expect(bridge?.sent[0]).toMatchObject({ type: "start", v: 1, access_token: "access" });
    bridge?.say({ type: "ready", session_id: "s", max_seconds: 300, resume_rewind_ms: 4000 });
    world.speak(voice(0.1));
    expect(bridge?.binary[0]).toHaveLength(1600);
    bridge?.say({ type: "delta", text: "over the bridge" });
    expect(world.view).toMatchObject({ phase: "listening", text: "over the bridge" });
    bridge?.drop(1012);
    expect(world.view.phase).toBe("reconnecting");
    await world.pass(600);
    expect(world.asked).toHaveLength(2);
    world.scope.dispose();
    expect(world.settled).toEqual([]);
  },
);

test.each([
  [{ message: { detail: "no" }, code: 422 }, "failed"],
  [{ message: "busy", code: 429 }, "reconnecting"],
  [{ message: "gone", code: 3005 }, "reconnecting"],
])("An error of the provider's ends the session with the text so far", async (error, phase) => {
  const socket = await world.begin();
  socket.say({ type: "transcription.text.delta", text: "kept" });
  socket.say({ type: "error", error });
  expect(world.view).toMatchObject({ phase, text: "kept" });
  expect(world.settled).toHaveLength(phase === "failed" ? 1 : 0);
});

test("A handshake that is refused, and an end unasked for, are followed by a new token", async () => {
  world.driver.give({ type: "start" });
  await world.pass(0);
  world.socket().drop();
  await world.pass(600);
  world.socket(1).create();
  world.socket(1).say({ type: "transcription.done", text: "too early" });
  await world.pass(1200);
  expect(world.asked).toHaveLength(3);
});

test("A token that comes for a session that was cancelled frees its place", async () => {
  let give: (token: Wire.RealtimeToken) => void = () => {};
  world.answer = () => new Promise((resolve) => (give = resolve));
  world.driver.give({ type: "start" });
  await world.pass(0);
  world.driver.give({ type: "cancel" });
  give(TOKEN);
  await world.pass(0);
  expect(world.sockets).toEqual([]);
  expect(world.settled).toEqual([["session-1", 0]]);
});

test("A session that is cancelled, or whose page goes, is settled once", async () => {
  const socket = await world.begin();
  world.speak(voice(2));
  window.dispatchEvent(new Event("pagehide"));
  expect(world.settled).toEqual([["session-1", 2]]);
  world.driver.give({ type: "cancel" });
  expect(world.settled).toHaveLength(1);
  expect(socket.closedWith).toBe(1000);
  expect(vi.getTimerCount()).toBe(0);
});

test("What the page has no use for is told all the same, in our protocol", async () => {
  const provider = new FakeSocket("");
  const socket = new DirectSocket({
    mint: async () => ({ ...TOKEN, options_ignored: ["context_bias"] }),
    settle: () => {},
    open: () => provider,
    bridge: () => provider,
    now: () => performance.now(),
  });
  const heard: Record<string, unknown>[] = [];
  socket.addEventListener("message", (event) =>
    heard.push(JSON.parse((event as MessageEvent).data)),
  );
  socket.send(JSON.stringify({ type: "start", v: 1, diarize: true, turn_detection: true }));
  await world.pass(0);
  provider.create();
  provider.say({
    type: "transcription.segment",
    text: "hello",
    start: 0.5,
    end: 1,
    speaker_id: "a",
  });
  provider.say({ type: "turn.end", time_s: 1.5 });
  socket.close();
  provider.say({ type: "transcription.text.delta", text: "from the grave" });
  expect(heard.slice(1)).toEqual([
    { type: "notice", code: "options_ignored", options: ["context_bias"] },
    { type: "segment", text: "hello", start: 0.5, end: 1, speaker: "a" },
    { type: "turn", event: "end", at: 1.5 },
  ]);
});
