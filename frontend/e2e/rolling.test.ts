/** A deploy under everyone's recordings, one of them in a real browser. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FIXTURES, REFERENCE } from "./support/fixtures";
import { Fleet } from "./support/fleet";
import { readWav, resample, similarity, writeWav } from "./support/wav";

const PEOPLE = 60;
const BRIDGES = 3;
const RATE = 16_000;
/** A deploy takes longer than the recording is: it is spoken so many times, without a break. */
const TIMES = 5;
const LONG = join(FIXTURES, "long.wav");
/** What a person may read while a bridge is replaced, also on a busy machine, and nothing worse. */
const LINE =
  /^(Connecting…|Listening|Reconnecting… still recording|Slow line: words \d+ s behind)$/;

let fleet: Fleet;
let browser: Browser;

beforeAll(async () => {
  const once = readWav(REFERENCE);
  const samples = new Float32Array(TIMES * once.samples.length);
  for (let time = 0; time < TIMES; time += 1) samples.set(once.samples, time * once.samples.length);
  writeWav(LONG, { rate: once.rate, samples });
  fleet = new Fleet();
  [browser] = await Promise.all([launch({ microphone: LONG }), fleet.ready()]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await fleet?.close();
}, 60_000);

/** Keeps all that the line has said since, however short. */
async function watchLine(booth: Booth): Promise<() => Promise<string[]>> {
  const seen = await booth.page.evaluateHandle(() => {
    const lines = new Set<string>();
    const look = () => {
      const line = document.querySelector("[data-line]")?.textContent;
      if (line) lines.add(line);
    };
    new MutationObserver(look).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    look();
    return lines;
  });
  return () => seen.evaluate((lines) => [...lines]);
}

test("Every bridge is replaced under 60 recordings and a browser's: all of it was heard, and nobody sees more than that", async () => {
  const { context, page, complaints } = await openPage(browser);
  await signUp(context, fleet);
  const booth = await new Booth(page).open(`${fleet.url}/clone`);
  await booth.record();
  const lines = await watchLine(booth);
  await booth.line("Listening");
  expect(await fleet.record()).toEqual({ recording: PEOPLE, sessions: PEOPLE + 1 });

  const { held } = await fleet.restart();
  expect(held).toHaveLength(BRIDGES);
  expect(Math.min(...held)).toBeGreaterThan(0);
  await booth.line("Listening");
  expect((await lines()).filter((line) => !LINE.test(line))).toEqual([]);
  expect(await page.getByText("Live words stopped").count()).toBe(0);
  const shown = await page.getByText(/^\d+:\d\d$/).innerText();
  const kept = page.waitForRequest("**/api/transcriptions");
  await booth.stop();
  await kept;
  await booth.status("Final");

  const { stranger, ...others } = await fleet.end();
  expect(others).toEqual({
    endings: { "complete, stopped": PEOPLE },
    reconnected: PEOPLE,
    gaps: 0,
    worse: 0,
  });
  expect(stranger.sessions).toBeGreaterThan(1);
  const heard = readWav(stranger.heard);
  const seconds = heard.samples.length / heard.rate;
  const [minutes = "0", rest = "0"] = shown.split(":");
  expect(seconds).toBeGreaterThanOrEqual(Number(minutes) * 60 + Number(rest));
  // The microphone began a little later than its file, and someone pressed stop in mid-word.
  const source = resample(readWav(LONG), RATE);
  const spoken = source.samples.subarray(0, Math.floor((seconds - 1) * RATE));
  expect(similarity({ rate: RATE, samples: spoken }, heard)).toBeGreaterThan(0.9);
  expect(complaints).toEqual([]);
  await context.close();
}, 180_000);
