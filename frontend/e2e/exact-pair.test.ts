/** A recording and its exact text: doubts settled by ear, the best part cut out, stored as chosen. */
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { VoiceDetail, VoiceList } from "../src/generated/protocol";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FIXTURES, REFERENCE, REFERENCE_URL, REFERENCE_WORDS, spoken } from "./support/fixtures";
import { SAID, toRead } from "./support/reading";
import { type Stack, startStack } from "./support/stack";
import { parseWav, readWav, writeWav } from "./support/wav";

/** What stood there to be read: one word is misread. */
const TO_READ = SAID.replace("sister", "brother");

let stack: Stack;
let browser: Browser;
let complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});
afterEach(() => expect(complaints).toEqual([]));

async function enter(
  options: BrowserContextOptions,
  path: string,
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<Booth> {
  const opened = await openPage(browser, options);
  complaints = opened.complaints;
  await prepare(opened.page);
  await signUp(opened.context, stack);
  return new Booth(opened.page).open(`${stack.url}${path}`);
}

async function stored(booth: Booth): Promise<{ voice: VoiceDetail; seconds: number }> {
  const headers = { Authorization: `Bearer ${await booth.token()}` };
  const get = async <T>(path: string) =>
    (await (await fetch(`${stack.url}/api${path}`, { headers })).json()) as T;
  const { voices } = await get<VoiceList>("/voices");
  const voice = await get<VoiceDetail>(`/voices/${voices[0]?.voice_id}`);
  const audio = await fetch(voice.audio_url);
  const { samples, rate } = parseWav(new Uint8Array(await audio.arrayBuffer()));
  return { voice, seconds: samples.length / rate };
}

const marks = (page: Page) => page.locator("[data-doubt]").allInnerTexts();
const slider = (page: Page, name: string) => page.getByRole("slider", { name });
const secondsAt = async (page: Page, name: string) =>
  Number(await slider(page, name).getAttribute("aria-valuenow"));

async function fits(booth: Booth): Promise<void> {
  const { page } = booth;
  expect(await booth.violations()).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
    page.viewportSize()?.width ?? 0,
  );
}

test("a misread word is found, heard and settled; the cut that follows takes its words along", async () => {
  const booth = await enter(
    {
      viewport: { width: 320, height: 664 },
      colorScheme: "dark",
      acceptDownloads: true,
    },
    `/clone?loopback=${REFERENCE_URL}`,
    (page) => toRead(page, TO_READ),
  );
  const { page } = booth;
  await booth.record();
  await booth.recorded(17);
  await booth.stop();
  await booth.status("Final");
  await page.getByText("1 word to check").waitFor();
  await eventually(
    () => marks(page),
    (found) => expect(found).toEqual(["sister"]),
  );
  await fits(booth);

  // As it was written, the same word is in doubt.
  await booth.press("I read it as written");
  expect(await booth.transcript.inputValue()).toBe(TO_READ);
  await eventually(
    () => marks(page),
    (found) => expect(found).toEqual(["brother"]),
  );
  await booth.transcript.focus();
  await page.keyboard.press("F8");
  await page.getByRole("toolbar", { name: "Which is it?" }).waitFor();
  await booth.button("Pause playback").first().waitFor(); // the second around it is heard
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  await eventually(focused, (text) => expect(text).toContain("brother"));
  await fits(booth);
  await page.keyboard.press("ArrowRight");
  await eventually(focused, (text) => expect(text).toMatch(/^sister.*heard again/));
  await page.keyboard.press("Enter");
  await page.getByText("Every word is checked.").waitFor();
  expect(await booth.transcript.inputValue()).toBe(SAID);

  // The first sentence is cut off, by keys.
  await slider(page, "Beginning of the cut").focus();
  for (let second = 0; second < 4; second += 1) await page.keyboard.press("PageUp");
  for (let tenth = 0; tenth < 12; tenth += 1) {
    const value = await slider(page, "Beginning of the cut").getAttribute("aria-valuetext");
    if (value?.includes("in a pause")) break;
    await page.keyboard.press("ArrowRight");
  }
  const from = await secondsAt(page, "Beginning of the cut");
  await booth.press("Preview cut");
  await booth.press("Stop the preview");
  await page.getByRole("button", { name: "Cut", exact: true }).click();
  await page.getByText(/^Cut to 1\d\.\d s of /).waitFor();
  await booth.status("Edited by you");
  expect(spoken(await booth.transcript.inputValue())).toEqual(
    REFERENCE_WORDS.slice(REFERENCE_WORDS.indexOf("please")),
  );
  await fits(booth);
  await booth.clone("Exact");
  const { voice, seconds } = await stored(booth);
  expect(spoken(voice.transcript)).toEqual(
    REFERENCE_WORDS.slice(REFERENCE_WORDS.indexOf("please")),
  );
  expect(voice).toMatchObject({
    transcript_source: "edited",
    settled_by: "ear",
    window_start_ms: Math.round(from * 1000),
  });
  expect(seconds).toBeLessThan(18 - from);

  // For an engine, as it is made.
  await page.getByLabel("Download for…", { exact: true }).selectOption("qwen3-tts");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download Exact", exact: true }).click();
  expect((await download).suggestedFilename()).toBe("Exact-qwen3-tts.zip");
  await fits(booth);
  await page.context().close();
});

test("an upload of three minutes is cut to its best part before anything is transcribed", async () => {
  const once = readWav(REFERENCE);
  const samples = new Float32Array(once.samples.length * 10);
  for (let n = 0; n < 10; n += 1) samples.set(once.samples, n * once.samples.length);
  const long = join(FIXTURES, "three-minutes.wav");
  writeWav(long, { rate: once.rate, samples });

  const booth = await enter({ viewport: { width: 1280, height: 800 } }, "/clone");
  const { page } = booth;
  let calls = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/transcriptions")) calls += 1;
  });
  await booth.choose(long, true);
  await page.getByText(/^Longer than recommended/).waitFor();
  const from = await secondsAt(page, "Beginning of the cut");
  const to = await secondsAt(page, "End of the cut");
  expect(to - from).toBeGreaterThanOrEqual(10);
  expect(to - from).toBeLessThanOrEqual(20);
  for (const edge of ["Beginning of the cut", "End of the cut"]) {
    expect(await slider(page, edge).getAttribute("aria-valuetext")).toContain("in a pause");
  }
  await fits(booth);
  expect(calls).toBe(0);
  await page.getByRole("button", { name: "Cut", exact: true }).click();
  await booth.status("Final");
  expect(calls).toBe(1);
  await booth.clone("Best part");
  const { voice, seconds } = await stored(booth);
  expect(seconds).toBeCloseTo(to - from, 0);
  expect(Math.abs((voice.window_start_ms ?? 0) / 1000 - from)).toBeLessThanOrEqual(0.06);
  // No word is cut: the text begins and ends with a sentence of the recording.
  const sentences = SAID.split(/(?<=\.)\s/).map(spoken);
  const heard = spoken(voice.transcript);
  expect(sentences.map(([first]) => first)).toContain(heard[0]);
  expect(sentences.map((sentence) => sentence.at(-1))).toContain(heard.at(-1));
  await page.context().close();
});
