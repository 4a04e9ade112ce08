/** A key of one's own: from the field to the words, and gone again. */
import { randomBytes } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Usage } from "../src/generated/protocol";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE_URL } from "./support/fixtures";
import { type Stack, startStack } from "./support/stack";

const KEY = "0wnKeyOfSomebodyForTests01234567";
const LAST_WORDS_MS = 45_000;

let stack: Stack;
let browser: Browser;
let complaints: string[] = [];

beforeAll(async () => {
  const ring = `2026a:${randomBytes(32).toString("base64")}`;
  [stack, browser] = await Promise.all([
    startStack({ BYOK_ENABLED: "true", BYOK_KEYS: ring }),
    launch(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});
afterEach(() => {
  expect(complaints).toEqual([]);
});

test("a key is stored, shown by its last four, used for the words, and deleted", async () => {
  const {
    page,
    context,
    complaints: heard,
  } = await openPage(browser, {
    viewport: { width: 320, height: 700 },
  });
  complaints = heard;
  const answers: string[] = [];
  page.on("response", async (response) => {
    if (response.url().includes("/api/")) answers.push(await response.text().catch(() => ""));
  });
  await signUp(context, stack);
  const booth = await new Booth(page).open(`${stack.url}/clone?loopback=${REFERENCE_URL}`);
  const panel = page.getByRole("region", { name: "Your own Mistral key" });
  await panel.getByLabel("Mistral key").fill(KEY);
  expect(await booth.violations()).toEqual([]);
  await panel.getByRole("button", { name: "Store and test" }).click();
  await panel.getByText("It works.").waitFor();
  expect(await panel.innerText()).toContain("ends in 4567");
  await page.getByText("Your own key: no daily limit").waitFor();
  expect(await booth.violations()).toEqual([]);

  await booth.record();
  await eventually(
    () => booth.liveWords(),
    (words) => expect(words.split(" ").length).toBeGreaterThan(3),
    LAST_WORDS_MS,
  );
  await booth.recorded(5);
  await booth.stop();
  await booth.status("Final");
  await eventually(
    async () => {
      const response = await fetch(`${stack.url}/api/usage`, {
        headers: { Authorization: `Bearer ${await booth.token()}` },
      });
      return (await response.json()) as Usage;
    },
    ({ realtime, batch, cost_microdollars }) => {
      expect([realtime.used_seconds, batch.used_seconds, cost_microdollars]).toEqual([0, 0, 0]);
      expect(realtime.own_key_seconds).toBeGreaterThan(0);
      expect(batch.own_key_seconds).toBeGreaterThan(0);
    },
  );

  // Neither what the page keeps, nor what it shows, nor what it was answered holds the key.
  const kept = await page.evaluate(async () => {
    const stores: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
    stores.push(document.documentElement.outerHTML);
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name ?? "");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of database.objectStoreNames) {
        const request = database.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => {
          request.onsuccess = resolve;
        });
        stores.push(request.result);
      }
      database.close();
    }
    return JSON.stringify(stores);
  });
  expect(kept).toContain("4567");
  expect(kept).not.toContain(KEY);
  expect(answers.join("\n")).toContain('"last_four":"4567"');
  expect(answers.join("\n")).not.toContain(KEY);

  await page.reload();
  await panel.getByText("Last used").waitFor();
  await panel.getByRole("button", { name: "Delete" }).click();
  expect(await booth.violations()).toEqual([]);
  await panel.getByRole("button", { name: "Delete it" }).click();
  await panel.getByLabel("Mistral key").waitFor();
  await page.getByText(/minutes left today/).waitFor();
  await context.close();
});
