/** The page of forty lines in `examples`, on an address of its own, with the services on another. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { SHORT, SHORT_WORDS, wordErrors } from "./support/fixtures";
import { type Stack, startStack } from "./support/stack";

const EXAMPLE = join(import.meta.dirname, "..", "..", "examples", "page.html");
const SERVICES = "http://127.0.0.1:8780";

let stack: Stack;
let browser: Browser;
let host: Server;
let origin: string;

beforeAll(async () => {
  host = createServer((_, answer) => {
    const page = readFileSync(EXAMPLE, "utf8").replaceAll(SERVICES, stack.url);
    answer.setHeader("Content-Type", "text/html; charset=utf-8").end(page);
  });
  await new Promise<void>((listening) => host.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  [stack, browser] = await Promise.all([
    startStack({ ALLOWED_ORIGINS: origin }),
    launch({ microphone: SHORT }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  host?.close();
});

test("a page on another address records with live words, transcribes and clones", async () => {
  expect(readFileSync(EXAMPLE, "utf8").trim().split("\n").length).toBeLessThanOrEqual(40);
  const { page, context, complaints } = await openPage(browser);
  // A worklet that cannot be loaded is replaced by a script node, which would go unnoticed here.
  await context.addInitScript(() => {
    const { addModule } = AudioWorklet.prototype;
    AudioWorklet.prototype.addModule = async function (url, options) {
      await addModule.call(this, url, options);
      document.documentElement.dataset.worklet = String(url);
    };
  });
  await signUp(context, stack);
  await page.goto(origin);
  await page.getByText("Record or upload your voice.").waitFor();
  await page.getByRole("button", { name: "Start recording" }).click();
  await eventually(
    () => page.locator("[data-live]").innerText(),
    (words) => expect(words.split(" ").length).toBeGreaterThan(3),
  );
  expect(await page.locator("html").getAttribute("data-worklet")).toContain(stack.url);
  await page.getByText(/^0:(0[6-9]|[1-5]\d)$/).waitFor();
  await page.getByRole("button", { name: "Stop recording" }).click();
  await eventually(
    () => page.getByLabel("Transcript").inputValue(),
    (words) => expect(wordErrors(SHORT_WORDS, words)).toBeLessThanOrEqual(1),
  );
  await page.getByLabel("Name").fill("Elsewhere");
  await page.getByLabel("This is my voice, or I may use it").check();
  await page.getByRole("button", { name: "Clone voice" }).click();
  await page.getByText("“Elsewhere” is ready.").waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
