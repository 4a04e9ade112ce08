/** A large recording over a line that breaks. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FIXTURES, REFERENCE } from "./support/fixtures";
import { Line } from "./support/line";
import { type Stack, startStack } from "./support/stack";
import { readWav, writeWav } from "./support/wav";

const MEGABYTE = 1_000_000;
const CUT_EVERY = 7 * MEGABYTE;
const LONG = join(FIXTURES, "five-minutes.wav");
const LARGE = join(FIXTURES, "one-minute.wav");

let stack: Stack;
let browser: Browser;
let line: Line;

beforeAll(async () => {
  const { rate, samples } = readWav(REFERENCE);
  const repeated = (seconds: number) =>
    Float32Array.from({ length: seconds * rate }, (_, n) => samples[n % samples.length] ?? 0);
  // 28.8 MB: five minutes of a microphone at 48 kHz; and 6.5 MB, which is just large.
  writeWav(LONG, { rate, samples: repeated(299) });
  writeWav(LARGE, { rate, samples: repeated(67) });
  const settings = async (_: string, supabaseUrl: string) => {
    line = await Line.to(supabaseUrl, CUT_EVERY);
    return { SUPABASE_PUBLIC_URL: line.url, SUPABASE_JWT_ISSUER: `${supabaseUrl}/auth/v1` };
  };
  [stack, browser] = await Promise.all([startStack(settings, ["--engine", "scripted"]), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
  await line?.close();
});

async function transcribe(file: string, prepare: (page: Page) => Promise<void> = async () => {}) {
  const { page, context, complaints } = await openPage(browser);
  await prepare(page);
  await signUp(context, stack);
  const booth = await new Booth(page).open(stack.url);
  await booth.choose(file);
  await booth.press("Transcribe");
  await booth.status("Final");
  await context.close();
  return complaints.filter((each) => !/ERR_(CONNECTION|EMPTY)|501/.test(each));
}

test("arrives in pieces, each of which costs a break no more than itself", async () => {
  expect(await transcribe(LONG)).toEqual([]);
  expect(line.cuts).toBeGreaterThanOrEqual(4);
  // Sent whole after each break, it would never arrive.
  expect(line.sent).toBeLessThan(2 * 28.8 * MEGABYTE);
}, 120_000);

test("goes whole where storage takes no pieces", async () => {
  const plain: string[] = [];
  const offerNothing = async (page: Page) => {
    await page.route("**/upload/resumable", (route) => route.fulfill({ status: 501 }));
    page.on("request", (request) => {
      if (/object\/reference-audio/.test(request.url())) plain.push(request.method());
    });
  };
  expect(await transcribe(LARGE, offerNothing)).toEqual([]);
  expect(plain).toContain("POST");
}, 120_000);
