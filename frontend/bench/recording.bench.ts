/** What five minutes of recording cost the page, and that not one sample is missing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, CDPSession } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, signUp } from "../e2e/support/booth";
import { launch, openPage } from "../e2e/support/browser";
import { E2E_BUILD } from "../e2e/support/setup";
import { type Stack, startStack } from "../e2e/support/stack";
import { parseWav, writeWav } from "../e2e/support/wav";
import type { PublicConfig } from "../src/generated/protocol";

const SECONDS = Number(process.env.SECONDS ?? 300);
const RATE = 48_000;
/** Of a core: what the waveform, the level and the words may add to the main thread's scripts. */
const SCRIPT_PERCENT = 5;
/** What the page may hold beside the PCM that it keeps, in mebibytes. */
const BESIDE_PCM_MIB = 8;
const FIXTURE = "/fixtures/counter.wav";

interface Cost {
  /** Part of one core, in per cent: scripts, and all tasks of the main thread. */
  readonly scriptPercent: number;
  readonly taskPercent: number;
  /** Mebibytes that the page holds more at the end than at the beginning, buffers included. */
  readonly grownMib: number;
  readonly keptMib: number;
  /** Samples that are missing, or that do not follow the one before. */
  readonly gaps: number;
}

let stack: Stack;
let browser: Browser;
const costs: Record<string, Cost> = {};

/** A sound that counts: each sample says its place, so that no two stretches look alike. */
const counter = (n: number) => (((n * 7919) % 20_011) - 10_005) / 32_768;

beforeAll(async () => {
  const samples = Float32Array.from({ length: (SECONDS + 3) * RATE }, (_, n) => counter(n));
  writeWav(join(E2E_BUILD, FIXTURE), { rate: RATE, samples });
  [stack, browser] = await Promise.all([
    startStack({ MAX_AUDIO_SECONDS: String(SECONDS) }),
    launch(),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await stack?.close();
  const rows = Object.entries(costs).map(([name, cost]) => ({ name, ...cost }));
  console.table(rows);
  const results = { seconds: SECONDS, variants: costs };
  writeFileSync(
    join(import.meta.dirname, "results.json"),
    `${JSON.stringify(results, undefined, 2)}\n`,
  );
});

async function metrics(session: CDPSession) {
  await session.send("HeapProfiler.collectGarbage");
  const { metrics: all } = await session.send("Performance.getMetrics");
  const of = (name: string) => all.find((metric) => metric.name === name)?.value ?? 0;
  const heap = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return {
    at: of("Timestamp"),
    script: of("ScriptDuration"),
    task: of("TaskDuration"),
    bytes: heap.usedSize + (heap.backingStorageSize ?? 0),
  };
}

test.each([
  { name: "with waveform and words", bare: false },
  { name: "recording alone", bare: true },
])("$name", async ({ name, bare }) => {
  const { page, context } = await openPage(browser, {
    reducedMotion: bare ? "reduce" : "no-preference",
    acceptDownloads: true,
  });
  await signUp(context, stack);
  await context.route("**/api/config", async (route) => {
    const response = await route.fetch();
    const config = (await response.json()) as PublicConfig;
    await route.fulfill({
      response,
      json: { ...config, final_pass: false, realtime_enabled: !bare },
    });
  });
  const booth = await new Booth(page).open(`${stack.url}/clone?loopback=${FIXTURE}`);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await booth.record();
  await booth.recorded(1);
  const before = await metrics(session);
  await page.waitForTimeout((SECONDS - 4) * 1000); // asking the page would be part of its work
  const after = await metrics(session);
  await booth.text("Your take").waitFor(); // it ends by itself

  const [download] = await Promise.all([page.waitForEvent("download"), booth.press("Download")]);
  const { samples } = parseWav(readFileSync(await download.path()));
  let gaps = SECONDS * RATE - samples.length;
  for (const [n, sample] of samples.entries()) {
    if (Math.abs(sample - counter(n)) > 2 / 32_768) gaps += 1;
  }
  const elapsed = after.at - before.at;
  const mib = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
  const percent = (seconds: number) => Math.round((seconds / elapsed) * 10_000) / 100;
  costs[name] = {
    scriptPercent: percent(after.script - before.script),
    taskPercent: percent(after.task - before.task),
    grownMib: mib(after.bytes - before.bytes),
    keptMib: mib((SECONDS - 4) * RATE * 2),
    gaps,
  };
  expect(gaps).toBe(0);
  expect(costs[name]?.grownMib).toBeLessThan((costs[name]?.keptMib ?? 0) + BESIDE_PCM_MIB);
  expect(costs[name]?.scriptPercent).toBeLessThan(SCRIPT_PERCENT);
  await context.close();
});
