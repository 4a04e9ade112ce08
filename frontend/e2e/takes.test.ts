/** The takes tray: nothing that was recorded goes away unless a person deletes it. */
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

test("A redo adds a take; one is chosen, deletion is taken back, and a reload keeps them all", async () => {
  const { page, context, complaints } = await openPage(browser);
  await new FakeWire().install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  const take = async (seconds: number) => {
    await booth.record();
    expect(await booth.button("Another text").isDisabled()).toBe(true);
    await booth.recorded(seconds);
    await booth.stop();
    await booth.status("Final");
  };
  const chosen = () => page.locator("[aria-pressed=true]").innerText();

  /** Waits until the browser's database holds what is seen. */
  const written = (check: (takes: { chosenAt?: number; removed?: boolean }[]) => void) =>
    eventually(
      () =>
        page.evaluate(async () => {
          const answer = <T>(request: IDBRequest<T>) =>
            new Promise<T>((resolve) => {
              request.onsuccess = () => resolve(request.result);
            });
          const database = await answer(indexedDB.open("utter-takes"));
          const takes = await answer(database.transaction("takes").objectStore("takes").getAll());
          database.close();
          return takes;
        }),
      check,
    );

  await take(4);
  await booth.transcript.fill("The first one's words.");
  await booth.press("Redo");
  await take(3);
  expect(await chosen()).toMatch(/^Take 2\s+0:03/);

  // A longer word for it cuts off no number.
  await page.getByLabel("Page language").selectOption("de");
  await booth.button("Aufnahme 2 abspielen").waitFor();
  const isWhole = (names: Element[]) => names.every((one) => one.scrollWidth <= one.clientWidth);
  expect(await page.locator("[aria-pressed] .truncate").evaluateAll(isWhole)).toBe(true);
  await page.getByLabel("Sprache der Seite").selectOption("en");

  await booth.press(/^Take 1/);
  await booth.status("Edited by you");
  expect(await booth.transcript.inputValue()).toBe("The first one's words.");
  await booth.press("Play Take 2");
  await booth.press("Pause Take 2");

  await booth.press("Delete Take 2");
  await page.keyboard.press("Enter"); // the focus is on Undo
  await booth.button(/^Take 2/).waitFor();

  await written((takes) => {
    expect(takes.map(({ removed }) => removed ?? false)).toEqual([false, false]);
    expect(takes.some(({ chosenAt }) => chosenAt)).toBe(true);
  });
  await page.reload();
  await booth.button(/^Take 2/).waitFor();
  expect(await chosen()).toMatch(/^Take 1\s+0:04/);
  expect(await booth.transcript.inputValue()).toBe("The first one's words.");

  await booth.press("Delete Take 1");
  await booth.button("Start recording").waitFor();
  await written((takes) => expect(takes.some(({ removed }) => removed)).toBe(true));
  await page.reload();
  await booth.text("Your take").waitFor();
  expect(await booth.button(/^Take \d/).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
