/** Real devices of a real browser: chosen, changed, taken away, muted, and kept as raw as they come. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

/** What the page has asked the browser for, newest last. */
interface Seen {
  readonly tracks: MediaStreamTrack[];
  readonly contexts: AudioContext[];
  readonly locks: WakeLockSentinel[];
}
declare global {
  interface Window {
    seen: Seen;
  }
}

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([servePage(E2E_BUILD), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function enter(): Promise<Booth> {
  const { page, context } = await openPage(browser);
  await new FakeWire().install(context);
  await page.addInitScript(() => {
    window.seen = { tracks: [], contexts: [], locks: [] };
    const { mediaDevices, wakeLock } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      window.seen.tracks.push(...stream.getTracks());
      return stream;
    };
    const Context = window.AudioContext;
    window.AudioContext = class extends Context {
      constructor(options?: AudioContextOptions) {
        super(options);
        window.seen.contexts.push(this);
      }
    };
    const lock = wakeLock.request.bind(wakeLock);
    wakeLock.request = async (type) => {
      const sentinel = await lock(type);
      window.seen.locks.push(sentinel);
      return sentinel;
    };
  });
  return new Booth(page).open(`${server.url}/clone`);
}

/** The newest track that the page was given. */
const track = (page: Page) =>
  page.evaluate(() => {
    const newest = window.seen.tracks.at(-1);
    if (!newest) throw new Error("No microphone was opened.");
    return { ...newest.getSettings(), label: newest.label, state: newest.readyState };
  });

/** Lets something happen to the newest track, as the system would. */
const happens = (page: Page, event: "ended" | "mute" | "unmute") =>
  page.evaluate((type) => void window.seen.tracks.at(-1)?.dispatchEvent(new Event(type)), event);

async function finish(booth: Booth, atLeast: number): Promise<void> {
  await booth.stop();
  const [time = ""] = await eventually(
    () => booth.page.getByText(/^0:00 \/ \d:\d\d$/).allInnerTexts(),
    (texts) => expect(texts).not.toEqual([]), // the player comes a moment after the take
  );
  expect(Number(time.split(":").at(-1))).toBeGreaterThanOrEqual(atLeast);
  await booth.page.context().close();
}

test("Nothing is done to the voice, the device keeps its rate, and all is given back at the end", async () => {
  const booth = await enter();
  await booth.record();
  expect(await track(booth.page)).toMatchObject({
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    state: "live",
  });
  const rates = await booth.page.evaluate(() => [
    window.seen.contexts.at(-1)?.sampleRate,
    new AudioContext().sampleRate, // what the device has when nobody asks for another
  ]);
  expect(rates[0]).toBe(rates[1]);
  await booth.recorded(3);
  await booth.stop();
  expect((await track(booth.page)).state).toBe("ended");
  expect(await booth.page.evaluate(() => window.seen.contexts[0]?.state)).toBe("closed");
  await booth.page.context().close();
});

test("The chosen microphone is the one that is opened, and may be changed within a take", async () => {
  const booth = await enter();
  const picker = booth.page.getByLabel("Microphone");
  await picker.waitFor(); // with what is not needed at once
  const names = await picker.locator("option").allInnerTexts();
  expect(names).toHaveLength(4); // the system's default and Chromium's three
  await picker.selectOption({ index: 2 });
  await booth.record();
  expect((await track(booth.page)).label).toBe(names[2]);
  await booth.recorded(2);
  await booth.press("Pause");
  await picker.selectOption({ index: 3 });
  await booth.press("Resume");
  await booth.recorded(4);
  expect((await track(booth.page)).label).toBe(names[3]);
  await finish(booth, 4);
});

test("A microphone that is pulled out pauses the take; with what is left, it goes on", async () => {
  const booth = await enter();
  await booth.record();
  await booth.recorded(2);
  await happens(booth.page, "ended");
  await booth
    .text("The microphone was disconnected. What you recorded is kept; resume or stop.")
    .waitFor();
  await booth.line("Paused");
  expect(await booth.violations()).toEqual([]);
  await booth.press("Resume");
  await booth.recorded(4);
  expect(await booth.page.evaluate(() => window.seen.tracks.length)).toBe(2);
  await finish(booth, 4);
});

test("A microphone that comes is found by itself", async () => {
  const booth = await enter();
  const plug = (count: number) =>
    booth.page.evaluate(async (kept) => {
      const { mediaDevices } = navigator;
      const all = await MediaDevices.prototype.enumerateDevices.call(mediaDevices);
      mediaDevices.enumerateDevices = async () => all.slice(0, kept);
      mediaDevices.dispatchEvent(new Event("devicechange"));
    }, count);
  const picker = booth.page.getByLabel("Microphone");
  await picker.waitFor();
  await plug(1);
  await picker.waitFor({ state: "detached" });
  await plug(2);
  await picker.waitFor();
  await booth.page.context().close();
});

test("A microphone that the system mutes is told of, until it speaks again", async () => {
  const booth = await enter();
  await booth.record();
  await happens(booth.page, "mute");
  await booth.text("We hear nothing. Is the microphone muted?").waitFor();
  await happens(booth.page, "unmute");
  await booth.text("We hear nothing. Is the microphone muted?").waitFor({ state: "detached" });
  await booth.recorded(4);
  await finish(booth, 4);
});

test("A context that the browser suspends is woken, and the take goes on", async () => {
  const booth = await enter();
  await booth.record();
  await booth.recorded(1);
  await booth.page.evaluate(() => window.seen.contexts.at(-1)?.suspend());
  await booth.recorded(4);
  await finish(booth, 4);
});

test("The screen stays on while recording, and no longer", async () => {
  const booth = await enter();
  const released = () => booth.page.evaluate(() => window.seen.locks.map((lock) => lock.released));
  await booth.record();
  await eventually(released, (locks) => expect(locks).toEqual([false]));
  await booth.recorded(3);
  await booth.stop();
  expect(await released()).toEqual([true]);
  await booth.page.context().close();
});
