/** What a line of 25 kB/s does to the page's load, to a recording and to its final pass. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, signUp } from "../e2e/support/booth";
import { launch, openPage } from "../e2e/support/browser";
import { REFERENCE, REFERENCE_WORDS, wordErrors } from "../e2e/support/fixtures";
import { Line, slow } from "../e2e/support/line";
import { freePorts, type Stack, startStack } from "../e2e/support/stack";
import type { PublicConfig } from "../src/generated/protocol";

/** Bytes a second, each way. */
const RATE = Number(process.env.RATE ?? 25_000);
const SHELL_MS = 2000;
const USABLE_MS = 10_000;

let stack: Stack;
let browser: Browser;
const lines: Line[] = [];
const figures: Record<string, number | string> = {};

beforeAll(async () => {
  const slowness = slow(RATE);
  const [port = 0] = await freePorts(1);
  [stack, browser] = await Promise.all([
    startStack({ ALLOWED_ORIGINS: `http://127.0.0.1:${port}` }),
    launch({ microphone: REFERENCE }),
  ]);
  const bridge = stack.env.BRIDGE_PUBLIC_URL?.replace("ws://", "http://") ?? "";
  const never = Number.POSITIVE_INFINITY;
  lines.push(await Line.to(stack.url, never, { slowness, port }));
  lines.push(await Line.to(bridge, never, { slowness }));
  lines.push(await Line.to(stack.supabaseUrl, never, { slowness }));
});
afterAll(async () => {
  console.table(figures);
  await browser?.close();
  for (const line of lines) await line.close();
  await stack?.close();
});

test("on a slow line the page is soon there, and a recording loses nothing", async () => {
  const [page_line, bridge_line, supabase_line] = lines;
  // The policy names the addresses of the services, not of the lines to them.
  const { page, context } = await openPage(browser, { bypassCSP: true });
  await signUp(context, stack);
  await page.route("**/api/config", async (route) => {
    const response = await route.fetch();
    const config = (await response.json()) as PublicConfig;
    const realtime = new URL(config.realtime_url ?? "");
    realtime.port = new URL(bridge_line?.url ?? "").port;
    const supabase_url = supabase_line?.url ?? "";
    await route.fulfill({ response, json: { ...config, supabase_url, realtime_url: realtime } });
  });
  const booth = new Booth(page);
  const began = performance.now();
  const since = () => Math.round(performance.now() - began);
  await page.goto(`${page_line?.url}/clone`, { waitUntil: "commit" });
  await page.getByRole("heading", { name: "Clone a voice" }).waitFor();
  figures["shell, ms"] = since();
  await booth.button("Start recording").waitFor();
  figures["usable, ms"] = since();
  expect(figures["shell, ms"]).toBeLessThan(SHELL_MS);
  expect(figures["usable, ms"]).toBeLessThan(USABLE_MS);

  const start = performance.now();
  await booth.record();
  figures["recording after the click, ms"] = Math.round(performance.now() - start);
  await booth.recorded(17);
  figures["chip at 17 s"] = await page.locator("[data-line]").innerText();
  figures["live words at 17 s"] = (await booth.liveWords()).split(/\s+/).length;
  const stopped = performance.now();
  await booth.stop();
  figures["take after the stop, ms"] = Math.round(performance.now() - stopped);
  await page.locator("[data-transcript-status]").getByText("Final").waitFor({ timeout: 300_000 });
  figures["final after the stop, ms"] = Math.round(performance.now() - stopped);
  expect(wordErrors(REFERENCE_WORDS, await booth.heard())).toBeLessThanOrEqual(3);
});
