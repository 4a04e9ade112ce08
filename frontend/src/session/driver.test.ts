// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { SessionDriver, type Socket } from "./driver";
import { Live } from "./live";
import { SignedOutError, SignInError, type TokenSupplier } from "./token";

class FakeSocket extends EventTarget implements Socket {
  static all: FakeSocket[] = [];
  bufferedAmount = 0;
  closedWith: number | undefined;
  readonly sent: unknown[] = [];
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.all.push(this);
  }

  send(data: unknown): void {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  open(sessionId = "s"): void {
    this.dispatchEvent(new Event("open"));
    this.say({ type: "ready", session_id: sessionId, max_seconds: 300, resume_rewind_ms: 2500 });
  }

  say(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  drop(code: number): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }
}

const URL = "ws://127.0.0.1/api/transcriptions/realtime";
let scope: Scope;
beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  scope = new Scope();
});
afterEach(() => {
  scope.dispose();
  vi.useRealTimers();
});

const environment = (token: TokenSupplier = async () => "token") => ({
  url: URL,
  token,
  connect: (url: string) => new FakeSocket(url),
});
const settle = () => vi.advanceTimersByTimeAsync(0);

test("A part is stopped when the next one begins, and a late stop of it ends no other", async () => {
  const live = new Live({}, environment(), scope);
  live.run();
  await settle();
  FakeSocket.all[0]?.open();
  const { part } = live;
  live.run(); // the recorder went on before its pause was over
  live.stop(part);
  expect(FakeSocket.all[0]?.sent.at(-1)).toEqual({ type: "stop" });
  FakeSocket.all[0]?.say({ type: "final", text: "one", status: "complete" });
  await settle();
  FakeSocket.all[1]?.open();
  live.push(new Int16Array(1600));
  expect(FakeSocket.all[1]?.sent.map((each) => each instanceof Int16Array)).toEqual([false, true]);
  expect(live.getSnapshot().phase).toBe("listening");
});
const final = (text: string) => ({ type: "final", text, status: "complete", session_id: "s" });

test("A session goes from token to socket to words, and closes what it opened", async () => {
  const changed = vi.fn();
  const driver = new SessionDriver({}, environment(), scope, changed);
  driver.give({ type: "start" });
  await settle();
  const [socket] = FakeSocket.all;
  expect(socket?.url).toBe(URL);
  socket?.open();
  socket?.say({ type: "delta", text: "hello" });
  socket?.dispatchEvent(new MessageEvent("message", { data: "garbage" }));
  driver.give({ type: "audio", pcm: new Int16Array(1600) });
  driver.give({ type: "stop" });
  socket?.say(final("Hello."));
  expect(socket?.sent.at(-1)).toEqual({ type: "stop" });
  expect(driver.view).toMatchObject({ phase: "ended", text: "Hello." });
  expect(socket?.closedWith).toBe(1000);
  expect(vi.getTimerCount()).toBe(0);
  expect(changed).toHaveBeenCalled();
});

test("A lost socket is followed by another after the wait, by the driver's own clock", async () => {
  const driver = new SessionDriver({}, environment(), scope, () => {});
  driver.give({ type: "start" });
  await settle();
  FakeSocket.all[0]?.open();
  FakeSocket.all[0]?.drop(1006);
  await vi.advanceTimersByTimeAsync(200);
  expect(FakeSocket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.all[0]?.say({ type: "delta", text: "from the grave" });
  expect(driver.view.text).toBe("");
});

test("Disposing the scope closes the socket, stops the clock and drops a token that comes late", async () => {
  let give: (token: string) => void = () => {};
  const late = () => new Promise<string>((resolve) => (give = resolve));
  const first = new SessionDriver({}, environment(), scope, () => {});
  const second = new SessionDriver({}, environment(late), scope, () => {});
  first.give({ type: "start" });
  second.give({ type: "start" });
  await settle();
  FakeSocket.all[0]?.open();
  scope.dispose();
  give("token");
  await settle();
  expect(FakeSocket.all).toHaveLength(1);
  expect(FakeSocket.all[0]?.closedWith).toBe(1000);
  expect(vi.getTimerCount()).toBe(0);
});

test("Signed out is told apart from a token that could not be fetched", async () => {
  const signedOut = () => Promise.reject(new SignedOutError());
  const broken = () => Promise.reject(new Error("no route"));
  const first = new SessionDriver({}, environment(signedOut), scope, () => {});
  const second = new SessionDriver({}, environment(broken), scope, () => {});
  first.give({ type: "start" });
  second.give({ type: "start" });
  await settle();
  expect(first.view).toMatchObject({ phase: "failed", failure: { code: "unauthenticated" } });
  expect(second.view.phase).toBe("reconnecting");
});

test("A sign-in that failed is told as such, and not as a bad line", async () => {
  const words = "You need an account here. Sign in.";
  const refused = () => Promise.reject(new SignInError(words, false));
  const driver = new SessionDriver({}, environment(refused), scope, () => {});
  driver.give({ type: "start" });
  await settle();
  expect(driver.view).toMatchObject({
    phase: "failed",
    failure: { code: "sign_in_failed", message: words },
  });
});

test.each([
  ["ws://127.0.0.1:8790/x", false],
  ["ws://[::1]:8790/x", false],
  ["ws://localhost/x", false],
  ["ws://page.localhost/x", false],
  ["wss://example.com/x", true],
  ["wss://127.0.0.1.example.com/x", true],
])("A browser without a network matters to %s: %s", async (url, matters) => {
  const onLine = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
  const driver = new SessionDriver({}, { ...environment(), url }, scope, () => {});
  driver.give({ type: "start" });
  await settle();
  expect(driver.view.offline).toBe(matters);
  expect(FakeSocket.all).toHaveLength(matters ? 0 : 1);
  onLine.mockRestore();
});

test("After a pause the next session waits for the end of the one before, and loses no audio", async () => {
  const live = new Live({}, environment(), scope);
  live.run();
  await settle();
  const [first] = FakeSocket.all;
  first?.open("first");
  first?.say({ type: "delta", text: "one two" });
  live.stop();
  live.run();
  live.push(new Int16Array(1600));
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeSocket.all).toHaveLength(1);
  expect(live.getSnapshot()).toMatchObject({ phase: "connecting", text: "one two" });
  first?.say(final("One two."));
  await settle();
  const second = FakeSocket.all[1];
  second?.open("second");
  expect(second?.sent[0]).not.toHaveProperty("resumes");
  expect(second?.sent[1]).toHaveLength(1600);
  second?.say({ type: "delta", text: "Three" });
  live.stop();
  second?.say(final("Three."));
  expect(live.getSnapshot()).toMatchObject({ phase: "ended", text: "One two. Three." });
});

test("A part that is stopped while it waits still sends its audio when its turn comes", async () => {
  const live = new Live({}, environment(), scope);
  live.run();
  await settle();
  FakeSocket.all[0]?.open();
  live.stop();
  live.run();
  live.push(new Int16Array(1600));
  live.stop();
  FakeSocket.all[0]?.say(final("One."));
  await settle();
  FakeSocket.all[1]?.open();
  expect(FakeSocket.all[1]?.sent.slice(1)).toEqual([new Int16Array(1600), { type: "stop" }]);
});
