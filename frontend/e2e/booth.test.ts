/** Booth mode: on a small screen a recording has all of it. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire, refuseElsewhere } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

/** Where to write a screenshot of each, if anywhere. */
const PICTURES = process.env.PICTURES;

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([servePage(E2E_BUILD), launch({ microphone: REFERENCE })]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** What a person sees of the text and the bar: whole lines that nothing covers, and pixels. */
const seen = (page: Page) =>
  page.evaluate(() => {
    const uncovered = ({ left, top, right, bottom }: DOMRect, within: Element) =>
      [top + 1, bottom - 1].every((y) => {
        if (top < 0 || bottom > innerHeight || left < 0 || right > innerWidth) return false;
        const at = document.elementFromPoint((left + right) / 2, y);
        return at !== null && (within.contains(at) || at.contains(within));
      });
    const text = document.querySelector("blockquote") as HTMLElement;
    const range = document.createRange();
    range.selectNodeContents(text);
    const lines = new Map<number, DOMRect>();
    for (const line of range.getClientRects()) lines.set(Math.round(line.top), line);
    const stop = document.querySelector("[data-record]") as HTMLElement;
    const bar = (stop.parentElement as HTMLElement).getBoundingClientRect();
    return {
      lines: [...lines.values()].filter((line) => uncovered(line, text)).length,
      stop: uncovered(stop.getBoundingClientRect(), stop),
      bar: bar.height,
      atTheEnd: Math.round(bar.bottom) === innerHeight,
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    };
  });

// 640x360 is 1280x720 at 200%.
const SCREENS = ["320x568", "390x664", "375x553", "844x390", "667x375", "640x360"].map((name) => {
  const [width = 0, height = 0] = name.split("x").map(Number);
  return { name, width, height };
});

test("At 320 px and up, both ways round and at 200%, five lines of the text and Stop are in view", async () => {
  const { page, context, complaints } = await openPage(browser, {
    viewport: { width: 390, height: 664 },
  });
  await new FakeWire().install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  const text = await page.locator("blockquote").innerText();
  await booth.record();
  await booth.recorded(1);
  for (const { name, ...size } of SCREENS) {
    await page.setViewportSize(size);
    const { lines, bar, ...rest } = await seen(page);
    expect(rest, name).toEqual({ stop: true, atTheEnd: true, sideways: 0 });
    expect(lines, name).toBeGreaterThanOrEqual(5);
    expect(bar, name).toBeLessThanOrEqual(64);
    expect(await booth.violations(), name).toEqual([]);
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `booth-${name}.png`) });
  }
  await page.setViewportSize({ width: 390, height: 664 });
  expect(await page.locator("blockquote").innerText()).toBe(text);

  // Header, tabs and cards are out of the way; the words are one key away, and back.
  const reached = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("h1, h2, [role=tab], select, textarea")]
        .filter((each) => !each.closest("[inert]"))
        .map((each) => each.outerHTML.slice(0, 200)),
    );
  expect(await reached()).toEqual([]);
  await booth.press("Live words");
  await expect
    .poll(async () => (await page.getByRole("region", { name: "Live words" }).boundingBox())?.x)
    .toBeLessThan(50);
  await booth.press("Text to read");
  await booth.button("Live words").waitFor();

  await booth.press("Pause");
  await booth.line("Paused");
  await page.keyboard.press("Shift+Tab"); // from Pause to Stop
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your take" }).waitFor();
  expect(await page.locator("[inert]").count()).toBe(0);
  expect((await reached()).length).toBeGreaterThan(4);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("Your take");
  await booth.press("Redo");
  expect(await page.locator("blockquote").innerText()).toBe(text);
  expect(complaints).toEqual([]);
  await context.close();
});

test("What is wrong leaves room for five lines: elsewhere, and with nothing to hear", async () => {
  const { page, context } = await openPage(browser, { viewport: { width: 390, height: 664 } });
  const wire = new FakeWire();
  let sockets = 0;
  wire.onSocket = (socket, self) => {
    sockets += 1;
    if (sockets > 1) self.serve(socket);
    else refuseElsewhere(socket);
  };
  await wire.install(context);
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () =>
      new AudioContext().createMediaStreamDestination().stream;
  });
  const booth = await new Booth(page).open(`${server.url}/clone`);
  const look = async (what: string) => {
    for (const { name, ...size } of SCREENS) {
      await page.setViewportSize(size);
      const { lines, stop } = await seen(page);
      expect(stop, `${what}, ${name}`).toBe(true);
      expect(lines, `${what}, ${name}`).toBeGreaterThanOrEqual(5);
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `booth-${what}-${name}.png`) });
    }
  };
  await booth.record();
  await booth.text("You are already recording elsewhere.").waitFor();
  await look("elsewhere");
  await booth.press("Take over here");
  await booth.line("Listening");
  await page.getByLabel("Microphone").waitFor();
  await look("muted");
  await context.close();
});
