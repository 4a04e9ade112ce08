/** What breaks, breaks for real: processes are killed while a person speaks. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { VoiceList } from "../src/generated/protocol";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE_URL, REFERENCE_WORDS, SHORT, wordErrors } from "./support/fixtures";
import { type Stack, startStack } from "./support/stack";

/** The provider's last words, on a machine that is busy with other things. */
const LAST_WORDS_MS = 45_000;

let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack({ BRIDGE_REUSE_PORT: "true" }),
    launch({ microphone: SHORT }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});
beforeEach(async () => {
  await stack.bridge.restart();
  await stack.functions.restart();
});

async function enter(path = `/clone?loopback=${REFERENCE_URL}`): Promise<Booth> {
  const { page, context } = await openPage(browser, { acceptDownloads: true });
  await signUp(context, stack);
  return new Booth(page).open(`${stack.url}${path}`);
}

/** Seconds of audio that each session of the bridge's present process was told to have had. */
const sessions = (log: string): number[] =>
  log
    .split("\n")
    .filter((line) => line.includes('"event": "transcription"'))
    .map((line) => (JSON.parse(line) as { audio_seconds: number }).audio_seconds);

describe("The bridge", () => {
  test("killed in mid-recording and started again: the words go on, with no audio missing", async () => {
    const booth = await enter();
    await booth.record();
    await booth.recorded(6);
    await stack.bridge.stop("SIGKILL");
    await booth.line("Reconnecting… still recording");
    const before = await booth.liveWords();
    await stack.bridge.start();
    await booth.line("Listening");
    expect(await booth.liveWords()).toContain(before);
    await booth.recorded(17);
    const kept = booth.page.waitForRequest("**/api/transcriptions");
    await booth.stop();
    await kept;
    await booth.status("Final");
    const [resumed = 0] = sessions(
      await eventually(
        async () => stack.bridge.log,
        (log) => expect(sessions(log)).toHaveLength(1),
      ),
    );
    // It heard everything from before the kill to the end, which is 17.4 s in all.
    expect(resumed).toBeGreaterThan(17.3 - 6);
    expect(resumed).toBeLessThan(17.5);
    await booth.page.context().close();
  });

  test("killed twice: the live words are those of an unbroken run, but for a word at each seam", async () => {
    const booth = await enter();
    await booth.page.route("**/api/transcriptions", (route) => route.abort());
    await booth.record();
    for (const second of [5, 11]) {
      await booth.recorded(second);
      await stack.bridge.stop("SIGKILL");
      await booth.line("Reconnecting… still recording");
      await stack.bridge.start();
      await booth.line("Listening");
    }
    await booth.recorded(17);
    await booth.stop();
    await eventually(
      () => booth.transcript.inputValue(),
      (text) => expect(wordErrors(REFERENCE_WORDS, text), text).toBeLessThanOrEqual(2),
      LAST_WORDS_MS,
    );
    await booth.page.context().close();
  });

  test("drained while another takes its place: nobody notices, and no word is lost", async () => {
    const booth = await enter();
    await booth.page.route("**/api/transcriptions", (route) => route.abort());
    const lines = new Set<string>();
    await booth.record();
    await booth.line("Listening");
    await booth.recorded(6);
    const successor = stack.bridge.twin({ BRIDGE_METRICS_PORT: "0" });
    try {
      await successor.start();
      const leaving = stack.bridge.stop("SIGTERM");
      const watch = setInterval(() => {
        booth.page
          .locator("[data-line]")
          .innerText()
          .then((line) => lines.add(line))
          .catch(() => {});
      }, 100);
      await leaving;
      await booth.recorded(17);
      clearInterval(watch);
      await booth.stop();
      await eventually(
        () => booth.transcript.inputValue(),
        (text) => expect(wordErrors(REFERENCE_WORDS, text), text).toBeLessThanOrEqual(1),
        LAST_WORDS_MS,
      );
      expect([...lines].filter((line) => line.includes("Reconnecting"))).toEqual([]);
      await eventually(
        async () => sessions(successor.log),
        (found) => expect(found).toHaveLength(1),
      );
    } finally {
      await successor.stop();
    }
    await booth.page.context().close();
  });

  test("gone for good: recording goes on, it is said once, and the whole is transcribed at the end", async () => {
    const booth = await enter("/clone");
    await booth.record();
    await booth.line("Listening");
    await booth.recorded(2);
    await stack.bridge.stop("SIGKILL");
    await booth.line("Reconnecting… still recording");
    await booth.page
      .getByText("Live words stopped. Your recording is safe; we will transcribe it when you stop.")
      .waitFor({ timeout: 45_000 });
    await booth.line("Still recording");
    await booth.stop();
    await booth.status("Final");
    expect(await booth.transcript.inputValue()).toContain("before the meeting starts");
    await booth.page.context().close();
  });
});

test("Everything down: the file is kept, the words are typed, and it becomes a voice later", async () => {
  const booth = await enter("/clone");
  await booth.record();
  await booth.recorded(5);
  await stack.bridge.stop("SIGKILL");
  await stack.functions.stop("SIGKILL");
  await booth.page.route("**/storage/v1/**", (route) => route.abort());
  await booth.stop();
  await booth
    .text("We could not transcribe it. Your recording is safe: type what you said, or try again.")
    .waitFor();
  const [download] = await Promise.all([
    booth.page.waitForEvent("download"),
    booth.press("Download recording"),
  ]);
  expect(download.suggestedFilename()).toMatch(/^recording-.*\.wav$/);
  const file = readFileSync(await download.path());
  expect(file.subarray(0, 4).toString()).toBe("RIFF");
  expect(file.length).toBeGreaterThan(5 * 44_100 * 2);
  await booth.transcript.fill("This is what I said.");

  await booth.name.fill("Late");
  await booth.page.getByLabel("This is my voice, or I may use it").check();
  await booth.press("Clone voice");
  await booth.page.getByText("The voice could not be made.").waitFor();
  await stack.functions.start();
  // Storage stays away: the recording goes along with the call.
  await booth.press("Clone voice");
  await booth.page.getByText("“Late” is ready").waitFor();
  const headers = { Authorization: `Bearer ${await booth.token()}` };
  const answer = await fetch(`${stack.url}/api/voices`, { headers });
  expect(((await answer.json()) as VoiceList).voices).toHaveLength(1);
  await booth.page.context().close();
});

describe("The microphone", () => {
  test("refused: it is said, explained, and there is another way", async () => {
    const strict = await launch({ grant: false });
    const { page, context } = await openPage(strict, { permissions: [] });
    await signUp(context, stack);
    const booth = await new Booth(page).open(`${stack.url}/clone`);
    await booth.press("Start recording");
    await booth.text("The browser blocked the microphone.").waitFor();
    expect(await booth.violations()).toEqual([]);
    await booth.press("How to allow it");
    await booth.text(/Open the site settings/).waitFor();
    await context.grantPermissions(["microphone"], { origin: stack.url });
    await booth.record();
    await booth.recorded(3);
    await booth.stop();
    await strict.close();
  });

  test("without worklets: the fallback keeps and streams the same sound", async () => {
    const { page, context } = await openPage(browser);
    await signUp(context, stack);
    await page.addInitScript(() => {
      Object.defineProperty(AudioContext.prototype, "audioWorklet", { get: () => undefined });
      AudioWorklet.prototype.addModule = () => Promise.reject(new DOMException("", "AbortError"));
    });
    const booth = await new Booth(page).open(`${stack.url}/clone?loopback=${REFERENCE_URL}`);
    await booth.record();
    await booth.recorded(17);
    await booth.stop();
    await booth.status("Final");
    expect(wordErrors(REFERENCE_WORDS, await booth.transcript.inputValue())).toBeLessThanOrEqual(2);
    await context.close();
  });
});
