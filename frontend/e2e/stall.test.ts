/** A provider that stops hearing: the page's live words and the Python client's are the same. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE, REFERENCE_URL } from "./support/fixtures";
import { PYTHON, type Stack, startStack } from "./support/stack";

/** One for each 200 ms of the first 15 s: a hole in the audio would leave the last ones out. */
const WORDS = Array.from({ length: 75 }, (_, n) => {
  const letter = (at: number) => "bcdfghjklmnpqrstvwxz"[at % 20];
  return `${letter(n)}${"aeiou"[n % 5]}${letter(n * 7 + Math.floor(n / 20))}`;
}).join(" ");
/** What the provider says again of the beginning is said again in full. */
const SCRIPT = `
[[scripts]]
text = "${WORDS}"
rest_at_end = false
stall_at_frame = 20

[[scripts]]
text = "${WORDS}"
rest_at_end = false
`;

let folder: string;
let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "utter-stall-"));
  const script = join(folder, "stall.toml");
  writeFileSync(script, SCRIPT + SCRIPT);
  [stack, browser] = await Promise.all([
    startStack({ PROVIDER_STALL_SECONDS: "4" }, ["--script", script]),
    launch(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("after a stall of the provider the live words have no hole, as in the Python client", async () => {
  const { page, context } = await openPage(browser);
  const { accessToken } = await signUp(context, stack);
  const booth = await new Booth(page).open(`${stack.url}/clone?loopback=${REFERENCE_URL}`);
  await page.route("**/api/transcriptions", (route) => route.abort());
  await booth.record();
  await booth.recorded(17);
  await booth.stop();
  await eventually(
    () => booth.transcript.inputValue(),
    (text) => expect(text).toBe(WORDS),
  );
  await context.close();
  expect(stack.bridge.log).toContain("provider_unavailable");

  const { stdout } = await promisify(execFile)(join(dirname(PYTHON), "utter-transcribe"), [
    ...["live", REFERENCE, "--json", "--token", accessToken, "--url"],
    stack.env.BRIDGE_PUBLIC_URL ?? "",
  ]);
  const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as {
    result: { text: string };
  };
  expect(last.result.text).toBe(WORDS);
});
