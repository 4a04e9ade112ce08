/** The ending of a clone, and what can be done with voices. */
import type { Browser } from "playwright-core";
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

test("A clone ends in view, with the focus on it; the voice is renamed and deleted by keyboard", async () => {
  const { page, context, complaints } = await openPage(browser, {
    viewport: { width: 390, height: 664 },
  });
  await new FakeWire().install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  await booth.record();
  await booth.recorded(3);
  await booth.stop();
  await booth.status("Final");
  await booth.name.fill("Evening voice");
  await page.getByLabel("This is my voice, or I may use it").check();
  await booth.press("Clone voice");

  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { top, bottom } = element.getBoundingClientRect();
      const name = element.getAttribute("aria-label") ?? element.innerText;
      return { name: name.trim(), inView: top >= 0 && bottom <= innerHeight };
    });
  await eventually(focused, (now) =>
    expect(now).toEqual({ name: "“Evening voice” is ready", inView: true }),
  );
  expect(await booth.violations()).toEqual([]);
  if (process.env.PICTURES) {
    await page.screenshot({ path: `${process.env.PICTURES}/ending-390.png` });
  }
  await booth.button("Play the reference recording").waitFor();

  await booth.press("Rename Evening voice");
  await page.getByLabel("New name of Evening voice").waitFor();
  await page.keyboard.type("Morning voice"); // the old name is selected
  await page.keyboard.press("Enter");
  await eventually(focused, ({ name }) => expect(name).toBe("Rename Morning voice"));
  expect(await booth.violations()).toEqual([]);

  // By keyboard the way back stays as long as the person does, and needs no network.
  await page.keyboard.press("Tab");
  expect((await focused()).name).toBe("Delete Morning voice");
  await context.setOffline(true);
  await page.clock.install();
  await page.keyboard.press("Enter");
  await page.clock.fastForward(60_000);
  await page.keyboard.press("Tab");
  expect((await focused()).name).toBe("Undo");
  await page.keyboard.press("Enter");
  await booth.button("Play Morning voice").waitFor();
  await context.setOffline(false);

  await booth.press("Record another");
  await eventually(focused, ({ name, inView }) => {
    expect(name).toBe("Start recording");
    expect(inView).toBe(true);
  });
  expect(complaints).toEqual([]);
  await context.close();
});
