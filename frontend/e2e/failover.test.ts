/** Two providers in order: whatever the first does, the page's recording has every word once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE_URL } from "./support/fixtures";
import { freePorts, Service, type Stack, startStack } from "./support/stack";

/** One for each 200 ms of 15 s: what is missing or said twice shows. */
const WORDS = Array.from({ length: 75 }, (_, n) => {
  const letter = (at: number) => "bcdfghjklmnpqrstvwxz"[at % 20];
  return `${letter(n)}${"aeiou"[n % 5]}${letter(n * 7 + Math.floor(n / 20))}`;
}).join(" ");
const SAYS = `text = "${WORDS}"\nrest_at_end = false\n`;

/** What the first provider does, recording by recording, and how many seconds each takes. */
const FAULTS = [
  { name: "drops", script: "drop_at_frame = 40", seconds: 5, told: '"status": "partial"' },
  { name: "stalls", script: "stall_at_frame = 10", seconds: 7, told: '"status": "partial"' },
  { name: "refuses", script: "refuse_status = 503", seconds: 2, told: "provider_passed_over" },
  { name: "is busy", script: "refuse_status = 429", seconds: 2, told: "provider_rate_limited" },
  { name: "hangs", script: "connect_delay_ms = 20000", seconds: 2, told: "TimeoutError" },
];

let folder: string;
let second: Service;
let stack: Stack;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "utter-failover-"));
  const [first, next] = [join(folder, "first.toml"), join(folder, "second.toml")];
  writeFileSync(first, FAULTS.map((one) => `[[scripts]]\n${SAYS}${one.script}\n`).join("\n"));
  writeFileSync(next, SAYS);
  const [port = 0] = await freePorts(1);
  second = new Service(
    "the second provider",
    ["-m", "local_stack.provider", "--wire", "vllm", "--script", next, "--port", String(port)],
    {},
    async (written) => written.includes("provider ready at"),
  );
  const settings = {
    TRANSCRIPTION_PROVIDERS: "mistral,vllm",
    VLLM_SERVER_URL: `http://127.0.0.1:${port}`,
    PROVIDER_CONNECT_SECONDS: "2",
    PROVIDER_STALL_SECONDS: "3",
  };
  [stack, browser] = await Promise.all([
    startStack(settings, ["--script", first]),
    launch(),
    second.start(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await second?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("whatever the first provider does, every word is there once", async () => {
  const { page, context, complaints } = await openPage(browser);
  await signUp(context, stack);
  const booth = await new Booth(page).open(`${stack.url}/clone?loopback=${REFERENCE_URL}`);
  await page.route("**/api/transcriptions", (route) => route.abort());
  const lines = new Set<string>();
  await page.exposeFunction("seen", (line: string) => lines.add(line));
  for (const { name, seconds, told } of FAULTS) {
    lines.clear();
    const before = stack.bridge.log.length;
    await booth.record();
    await page.locator("[data-line]").evaluate((chip) => {
      const { seen } = window as unknown as { seen: (line: string) => void };
      const tell = () => seen(chip.textContent ?? "");
      new MutationObserver(tell).observe(chip, {
        subtree: true,
        characterData: true,
        childList: true,
      });
    });
    await booth.recorded(seconds);
    await booth.line("Listening");
    await booth.stop();
    const text = await eventually(
      () => booth.transcript.inputValue(),
      (said) => expect(said.split(" ").length).toBeGreaterThanOrEqual(seconds * 4),
    );
    expect(WORDS.startsWith(text), `${name}: ${text}`).toBe(true);
    for (const line of lines) {
      expect(line).toMatch(/^(Connecting|Listening|Reconnecting|Slow line|Finishing)/);
    }
    await eventually(
      async () => stack.bridge.log.slice(before),
      (log) => {
        expect(log).toContain(told);
        expect(log).toContain('"provider": "vllm"');
      },
    );
    await booth.press("Redo");
    if (told.includes("provider")) {
      // The process forgets what the first provider did, as it would after a while.
      await stack.bridge.stop();
      await stack.bridge.start();
    }
  }
  expect(complaints).toEqual([]);
  await context.close();
});
