/** Before a take: the sound check, the countdown and the keys. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([servePage(E2E_BUILD), launch({ microphone: REFERENCE })]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function enter(options: BrowserContextOptions = {}): Promise<{ booth: Booth; page: Page }> {
  const { page, context } = await openPage(browser, options);
  await new FakeWire().install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  return { booth, page };
}

/** Counts how often the page asks for a microphone. */
const openings = (page: Page) =>
  page.evaluate(() => {
    const counted = window as unknown as { openings?: number };
    if (counted.openings === undefined) {
      counted.openings = 0;
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (constraints) => {
        counted.openings = (counted.openings ?? 0) + 1;
        return ask(constraints);
      };
    }
    return counted.openings;
  });

test("A sound check shows level and verdict, keeps nothing, and gives its microphone to the take", async () => {
  const { booth, page } = await enter();
  await openings(page);
  await booth.press("Check the sound");
  await booth.text("Say something.").waitFor();
  expect(await page.getByRole("meter", { name: "Input level" }).count()).toBe(1);
  await booth.text("Sounds great.").waitFor();
  expect(await booth.violations()).toEqual([]);
  const takes = () =>
    page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(await takes()).toEqual(["utter-takes"]); // looked into at the start, and empty
  await booth.record();
  await booth.recorded(2);
  expect(await openings(page)).toBe(1);
  await booth.stop();
  // Of some seconds of check and some of take only the take is there.
  expect(await booth.text(/^0:0[2-4]$/).count()).toBeLessThanOrEqual(1);
  await booth.button("Check the sound").waitFor({ state: "detached" });
  await page.context().close();
});

test("Space starts, after 3-2-1 where that is wanted, and stops; ? lists the keys", async () => {
  const { booth, page } = await enter({ viewport: { width: 390, height: 664 } });
  await booth.press("Check the sound");
  await page.getByLabel("Count 3-2-1 before a recording").check();
  await booth.press("End the check");
  await booth.button("Keyboard shortcuts").waitFor(); // they are loaded last
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Space");
  await booth.text("Get ready…").waitFor();
  await booth.text(/^[123]$/).waitFor();
  await booth.button("Stop recording").waitFor();
  await booth.recorded(1);
  await page.keyboard.press("l");
  await booth.button("Text to read").waitFor();
  await page.keyboard.press("p");
  await booth.line("Paused");
  await page.keyboard.press("Space"); // the focus is on Stop
  await booth.text("Your take").waitFor();

  // A field keeps its letters.
  await booth.name.fill("");
  await booth.name.press("?");
  await booth.name.press("Space");
  expect(await booth.name.inputValue()).toBe("? ");
  await booth.name.blur();
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await list.waitFor();
  expect(await booth.violations()).toEqual([]);
  await list.getByLabel("Use these shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await booth.press("Redo");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Space");
  await page.keyboard.press("?");
  expect(await list.count()).toBe(0);
  await booth.button("Start recording").waitFor();
  await page.context().close();
});

test("A voice that is heard is silent when a recording or a check begins", async () => {
  const { booth, page } = await enter();
  await page.route("**/api/voices/*", (route) =>
    route.fulfill({ json: { audio_url: `${server.url}/fixtures/reference.wav` } }),
  );
  const play = async () => {
    await booth.press("Play Grandmother");
    await booth.button("Pause Grandmother").waitFor();
  };
  await booth.record(); // signs someone in, who has a voice
  await booth.recorded(1);
  await booth.stop();
  await booth.press("Redo");
  await play();
  await booth.press("Check the sound");
  await booth.button("Play Grandmother").waitFor();
  await booth.text("Say something.").waitFor();
  await play();
  await booth.record();
  await eventually(
    () => booth.button("Play Grandmother").count(),
    (count) => expect(count).toBe(1),
  );
  await page.context().close();
});
