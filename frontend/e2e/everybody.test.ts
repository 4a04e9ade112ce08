/** Everyone: targets that a thumb hits, and meaning that colours alone do not carry. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth } from "./support/booth";
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

/** What can be pressed and is smaller than 44 px in a direction; a label counts with its field. */
const small = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("button, select, textarea, input, summary, a[href]")]
      .filter((each) => !each.closest("[inert]") && each.checkVisibility())
      .map((each) => (each.matches("[type=checkbox], [type=file]") ? each.closest("label") : each))
      .filter((each) => each !== null)
      .map((each) => ({ each, box: each.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && (box.height < 43.5 || box.width < 24))
      .map(({ each, box }) => `${each.outerHTML.slice(0, 80)} ${box.width}x${box.height}`),
  );

test("Every target is 44 px high, and forced colours keep bars, borders and what is chosen", async () => {
  const { page, context, complaints } = await openPage(browser, {
    viewport: { width: 390, height: 664 },
    forcedColors: "active",
  });
  await new FakeWire().install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  const pictures = process.env.PICTURES;
  const look = async (name: string) => {
    expect(await small(page), name).toEqual([]);
    expect(await booth.violations(), name).toEqual([]);
    if (pictures) await page.screenshot({ path: `${pictures}/forced-${name}.png` });
  };
  await booth.button("Check the sound").waitFor();
  await look("idle");
  await booth.record();
  await booth.recorded(4);
  await look("recording");
  const border = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((each) => getComputedStyle(each).borderTopWidth);
  expect(await border("[role=meter]")).not.toBe("0px");
  expect(await border("[data-record] > span")).not.toBe("0px");
  await booth.stop();
  await booth.status("Final");
  await booth.press("Redo");
  await booth.record();
  await booth.recorded(1);
  await booth.stop();
  await booth.button(/^Take 2/).waitFor();
  await look("takes");
  const chosen = await border("li:has([aria-pressed=true])");
  const other = await border("li:has([aria-pressed=false])");
  expect(Number.parseFloat(chosen)).toBeGreaterThan(Number.parseFloat(other));
  expect(complaints).toEqual([]);
  await context.close();
});
