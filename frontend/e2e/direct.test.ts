/** Direct mode: the page talks to the provider by itself, and the bridge is for everyone else. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RealtimeToken, Usage } from "../src/generated/protocol";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE_URL, REFERENCE_WORDS, wordErrors } from "./support/fixtures";
import { Line } from "./support/line";
import { type Stack, startStack } from "./support/stack";

/** The provider's last words, on a machine that is busy with other things. */
const LAST_WORDS_MS = 45_000;

let line: Line;
let stack: Stack;
let browser: Browser;
let complaints: string[] = [];
/** Addresses of the page's sockets, without what is behind the path. */
let sockets: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack(async (provider) => {
      await line?.close();
      line = await Line.to(provider);
      return {
        MISTRAL_SERVER_URL: line.url,
        REALTIME_MODE: "direct",
        DIRECT_MODE_TRUSTS: "accounts",
      };
    }),
    launch(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await line?.close();
});
afterEach(() => {
  // No uncaught error, and nothing that the page's own policy refuses.
  expect(complaints).toEqual([]);
});

async function enter(options: { account: boolean } = { account: true }): Promise<Booth> {
  const { page, context, complaints: heard } = await openPage(browser);
  complaints = heard;
  // Of this page alone: one that a failure left behind may still open some.
  const opened: string[] = [];
  sockets = opened;
  page.on("websocket", (socket) => opened.push(socket.url().split("?")[0] ?? ""));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) heard.push(message.text());
  });
  if (options.account) await signUp(context, stack);
  // So that the live words stay what is seen.
  await page.route("**/api/transcriptions", (route) => route.abort());
  return new Booth(page).open(`${stack.url}/clone?loopback=${REFERENCE_URL}`);
}

async function call<T>(booth: Booth, path: string, json?: object): Promise<[number, T]> {
  const response = await fetch(`${stack.url}/api${path}`, {
    method: json ? "POST" : "GET",
    headers: {
      Authorization: `Bearer ${await booth.token()}`,
      "Content-Type": "application/json",
    },
    ...(json ? { body: JSON.stringify(json) } : {}),
  });
  return [response.status, (await response.json()) as T];
}

const usage = async (booth: Booth) => (await call<Usage>(booth, "/usage"))[1];

const providerSocket = () => `${line.url.replace("http", "ws")}/v1/audio/transcriptions/realtime`;

test("words come from the provider's own socket, the final text too, and the rest is returned", async () => {
  const booth = await enter();
  await booth.record();
  await booth.line("Listening");
  await eventually(
    () => booth.liveWords(),
    (words) => expect(words.toLowerCase()).toContain("the train finally arrived"),
  );
  expect((await usage(booth)).realtime.reserved_seconds).toBe(300);
  await booth.recorded(17);
  await booth.stop();
  await eventually(
    () => booth.transcript.inputValue(),
    (text) => expect(wordErrors(REFERENCE_WORDS, text), text).toBeLessThanOrEqual(1),
    LAST_WORDS_MS,
  );
  expect(sockets).toEqual([providerSocket()]);
  const { realtime, open_sessions } = await eventually(
    () => usage(booth),
    (now) => expect(now.open_sessions).toEqual([]),
  );
  expect(realtime.reserved_seconds).toBe(0);
  expect(realtime.used_seconds).toBeGreaterThanOrEqual(60);
  expect(realtime.used_seconds).toBeLessThan(120);
  expect(open_sessions).toEqual([]);
  await booth.page.context().close();
});

test("a socket that is cut is followed by another with a new token, and no word is lost", async () => {
  const booth = await enter();
  const tokens: string[] = [];
  booth.page.on("response", async (response) => {
    if (!response.url().endsWith("/realtime-token")) return;
    tokens.push(((await response.json()) as RealtimeToken).token);
  });
  await booth.record();
  await booth.line("Listening");
  await booth.recorded(6);
  line.cut();
  await booth.line("Reconnecting… still recording");
  await booth.line("Listening");
  await booth.recorded(17);
  await booth.stop();
  await eventually(
    () => booth.transcript.inputValue(),
    (text) => expect(wordErrors(REFERENCE_WORDS, text), text).toBeLessThanOrEqual(2),
    LAST_WORDS_MS,
  );
  expect(sockets.length).toBeGreaterThanOrEqual(2);
  expect(new Set(sockets)).toEqual(new Set([providerSocket()]));
  expect(new Set(tokens).size).toBe(sockets.length);
  await booth.page.context().close();
});

test("when the minutes are gone there is no token, and the page says so", async () => {
  const booth = await enter();
  for (let part = 0; part < 6; part += 1) {
    const [status, token] = await call<RealtimeToken>(booth, "/transcriptions/realtime-token", {});
    expect(status).toBe(200);
    const path = `/transcriptions/realtime-token/${token.session_id}/settle`;
    expect((await call(booth, path, { audio_seconds: 300 }))[0]).toBe(200);
  }
  await booth.record();
  await booth.page
    .getByText(/You have used today's minutes\. They return at .*\. Your recording is safe\./)
    .waitFor();
  await booth.recorded(2);
  await booth.stop();
  expect(sockets).toEqual([]);
  await booth.page.context().close();
});

test("who is not trusted with a token goes over the bridge, and need not know", async () => {
  const booth = await enter({ account: false });
  await booth.record();
  await booth.line("Listening");
  await eventually(
    () => booth.liveWords(),
    (words) => expect(words.toLowerCase()).toContain("the train finally"),
  );
  expect(sockets).toEqual([stack.env.BRIDGE_PUBLIC_URL]);
  await booth.stop();
  await booth.page.context().close();
});
