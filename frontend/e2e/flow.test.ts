/** The whole way, as a person goes it, against the real services. */
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PublicConfig, VoiceDetail, VoiceList } from "../src/generated/protocol";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import {
  REFERENCE,
  REFERENCE_URL,
  REFERENCE_WORDS,
  SHORT,
  SHORT_WORDS,
  spoken,
  wordErrors,
} from "./support/fixtures";
import { type Stack, startStack } from "./support/stack";
import { parseWav, readWav, resample, similarity } from "./support/wav";

let stack: Stack;
let browser: Browser;
let complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launch({ microphone: SHORT })]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});
afterEach(() => {
  // No uncaught error, and no request to a stranger's host.
  expect(complaints).toEqual([]);
});

async function enter(
  options: BrowserContextOptions & { path?: string; on?: Browser } = {},
): Promise<Booth> {
  const { path = "/clone", on = browser, ...context } = options;
  const opened = await openPage(on, context);
  complaints = opened.complaints;
  await signUp(opened.context, stack);
  return new Booth(opened.page).open(`${stack.url}${path}`);
}

const firstSound = (samples: Float32Array) => samples.findIndex((one) => Math.abs(one) > 0.01);

const done = (booth: Booth) => booth.page.context().close();

async function storedVoice(booth: Booth): Promise<{ voice: VoiceDetail; wav: Uint8Array }> {
  const headers = { Authorization: `Bearer ${await booth.token()}` };
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${stack.url}/api${path}`, { headers });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  };
  const { voices } = await get<VoiceList>("/voices");
  const voice = await get<VoiceDetail>(`/voices/${voices[0]?.voice_id}`);
  const audio = await fetch(voice.audio_url);
  return { voice, wav: new Uint8Array(await audio.arrayBuffer()) };
}

describe("Record", () => {
  test("words come while speaking, the final pass fills the box, an edit is stored, the voice plays", async () => {
    const on = await launch({ microphone: REFERENCE });
    const booth = await enter({ on, reducedMotion: "no-preference" });
    await booth.record();
    await eventually(
      () => booth.liveWords(),
      (words) => expect(words.toLowerCase()).toContain("the train finally arrived"),
    );
    await booth.button("Stop recording").waitFor(); // still recording
    await booth.line("Listening");
    await booth.recorded(17);
    await booth.stop();
    await booth.status("Final");
    const heard = await booth.transcript.inputValue();
    expect(wordErrors(REFERENCE_WORDS, heard)).toBeLessThanOrEqual(3);
    await booth.transcript.fill(`${heard}.`);
    await booth.status("Edited by you");
    await booth.clone("My voice");

    const { voice, wav } = await storedVoice(booth);
    expect(voice).toMatchObject({
      name: "My voice",
      transcript: `${heard}.`,
      transcript_source: "edited",
      machine_transcript: heard,
    });
    const recorded = parseWav(wav);
    const native = await booth.page.evaluate(() => new AudioContext().sampleRate);
    expect(recorded.rate).toBe(native);
    const source = resample(readWav(REFERENCE), recorded.rate);
    expect(similarity(source, recorded)).toBeGreaterThan(0.99);

    const played = booth.page.waitForResponse(
      (response) =>
        response.url() === voice.audio_url || response.url().includes("/storage/v1/object/sign/"),
    );
    await booth.press("Play the reference recording");
    expect([200, 206]).toContain((await played).status());
    await booth.press("Pause My voice");
    await booth.press("Play My voice");
    await booth.button("Pause My voice").waitFor();
    await on.close();
  });

  test("through the loopback the kept samples are the source's own, and so are the words", async () => {
    const booth = await enter({ path: `/clone?loopback=${REFERENCE_URL}` });
    await booth.record();
    await booth.recorded(17);
    // The source ends by itself; no sound comes after its last sample.
    await booth.page.waitForTimeout(1000);
    await booth.stop();
    await booth.status("Final");
    expect(wordErrors(REFERENCE_WORDS, await booth.transcript.inputValue())).toBe(0);
    await booth.clone("Exact");
    const recorded = parseWav((await storedVoice(booth)).wav);
    const source = readWav(REFERENCE);
    expect(recorded.rate).toBe(48_000);
    // The graph works in blocks of 128 and begins before its source is started: there may be blocks
    // of silence before it, and the last one is filled up.
    const blocks = recorded.samples.length - source.samples.length;
    const late = firstSound(recorded.samples) - firstSound(source.samples);
    expect(recorded.samples.length % 128).toBe(0);
    expect(late % 128).toBe(0);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(blocks).toBeGreaterThanOrEqual(late);
    expect(blocks).toBeLessThan(recorded.rate / 10);
    let worst = 0;
    for (const [n, sample] of recorded.samples.entries()) {
      worst = Math.max(worst, Math.abs(sample - (source.samples[n - late] ?? 0)));
    }
    expect(worst).toBeLessThan(2 / 32_768);
    await done(booth);
  });

  test("a redo leaves nothing of the take before", async () => {
    const booth = await enter();
    await booth.record();
    await booth.recorded(4);
    await booth.stop();
    await booth.status("Final");
    const first = await booth.transcript.inputValue();
    await booth.press("Redo");
    expect(await booth.transcript.inputValue()).toBe("");
    await booth.record();
    await booth.recorded(4);
    await booth.stop();
    await booth.status("Final");
    // The microphone's file begins anew each time.
    // An engine may write a word in one or in two parts.
    const again = await booth.transcript.inputValue();
    expect(spoken(again).join("")).toBe(spoken(first).join(""));
    await booth.clone("Second take");
    await done(booth);
  });

  test("what is said in a pause is neither kept nor heard; the parts make one take", async () => {
    const booth = await enter({ path: `/clone?loopback=${REFERENCE_URL}` });
    await booth.record();
    await booth.recorded(5);
    await booth.press("Pause");
    const atPause = await booth.page.getByText(/^\d+:\d\d$/).innerText();
    await booth.page.waitForTimeout(3000);
    expect(await booth.page.getByText(/^\d+:\d\d$/).innerText()).toBe(atPause);
    await booth.press("Resume");
    await booth.line("Listening");
    await booth.recorded(11);
    await booth.stop();
    await booth.status("Final");
    const heard = await booth.transcript.inputValue();
    const all = wordErrors(REFERENCE_WORDS, heard);
    expect(heard.toLowerCase()).toContain("the train finally arrived");
    expect(all).toBeGreaterThan(5);
    await done(booth);
  });

  test("the longest take ends by itself, after a warning", async () => {
    const opened = await openPage(browser);
    complaints = opened.complaints;
    await signUp(opened.context, stack);
    await opened.context.route("**/api/config", async (route) => {
      const response = await route.fetch();
      const config = (await response.json()) as PublicConfig;
      const limits = { ...config.limits, max_seconds: 6 };
      await route.fulfill({ response, json: { ...config, limits } });
    });
    const booth = await new Booth(opened.page).open(`${stack.url}/clone`);
    await booth.record();
    await booth.text(/^\d seconds left$/).waitFor();
    await booth.text("Your take").waitFor();
    await booth.status("Final");
    await booth.text("0:00 / 0:06").waitFor();
    await done(booth);
  });
});

describe("Upload", () => {
  test("a file is judged at once, transcribed when asked, and cloned", async () => {
    const booth = await enter();
    await booth.choose(REFERENCE);
    await booth.text("Good length: 17 seconds.").waitFor();
    await booth.press("Transcribe");
    await booth.status("Final");
    expect(wordErrors(REFERENCE_WORDS, await booth.transcript.inputValue())).toBe(0);
    await booth.clone("Uploaded");
    const { voice, wav } = await storedVoice(booth);
    expect(voice).toMatchObject({ transcript_source: "final_pass" });
    expect(
      Buffer.from(wav).equals(
        Buffer.from(await (await fetch(`${stack.url}${REFERENCE_URL}`)).arrayBuffer()),
      ),
    ).toBe(true);
    await done(booth);
  });

  test("with the toggle on, choosing is all there is to do", async () => {
    const booth = await enter();
    await booth.page.getByRole("tab", { name: "Upload" }).click();
    expect(await booth.page.getByLabel("Transcribe on select").isChecked()).toBe(true);
    await booth.choose(SHORT, true);
    await booth.status("Final");
    expect(wordErrors(SHORT_WORDS, await booth.transcript.inputValue())).toBe(0);
    await done(booth);
  });

  test("the take is uploaded once, for the final pass and the voice alike", async () => {
    const booth = await enter();
    const uploads: string[] = [];
    booth.page.on("request", (request) => {
      if (
        request.method() === "POST" &&
        request.url().includes("/storage/v1/object/reference-audio")
      ) {
        uploads.push(request.url());
      }
    });
    await booth.choose(SHORT);
    await booth.press("Transcribe");
    await booth.status("Final");
    await booth.clone("Once");
    expect(uploads).toHaveLength(1);
    await done(booth);
  });
});

test("A late result is offered beside an edit, never put over it", async () => {
  const booth = await enter();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await booth.page.route("**/api/transcriptions", async (route) => {
    await held;
    await route.continue();
  });
  await booth.record();
  await booth.recorded(5);
  await booth.stop();
  await booth.status("Improving…");
  await booth.transcript.fill("These are my own words.");
  letGo();
  await booth.text("A new transcript is ready.").waitFor();
  expect(await booth.transcript.inputValue()).toBe("These are my own words.");
  await booth.press("Compare");
  await booth.page.locator("ins").first().waitFor();
  await booth.press("Use it");
  expect(wordErrors(SHORT_WORDS, await booth.transcript.inputValue())).toBeLessThanOrEqual(1);
  await done(booth);
});

test("A reload keeps the take with its edited words, until it is a voice", async () => {
  const booth = await enter();
  await booth.record();
  await booth.recorded(5);
  await booth.stop();
  await booth.status("Final");
  await booth.transcript.fill("The words that I said.");
  await booth.page.waitForTimeout(1000);
  await booth.page.reload();
  await booth.text("This was kept in your browser").waitFor();
  expect(await booth.transcript.inputValue()).toBe("The words that I said.");
  await booth.clone("After a reload");
  await booth.page.reload();
  await booth.button("Start recording").waitFor();
  await booth.button("Play After a reload").waitFor();
  await done(booth);
});

test("A page that dies in mid-recording has kept all but its last second", async () => {
  const booth = await enter();
  await booth.record();
  await booth.recorded(6);
  booth.page.on("dialog", (dialog) => void dialog.accept());
  await booth.page.reload();
  await booth.text("This was kept in your browser").waitFor();
  await booth.page.getByText(/^0:00 \/ 0:(0[5-9]|[1-5]\d)$/).waitFor();
  await booth.press("Transcribe");
  await booth.status("Final");
  await done(booth);
});

test("Two pages against one session: the second says so, takes over, and the first keeps its take", async () => {
  const first = await enter();
  await first.record();
  await first.line("Listening");
  const second = await new Booth(await first.page.context().newPage()).open(`${stack.url}/clone`);
  await second.record();
  await second.text("You are already recording elsewhere.").waitFor();
  await second.press("Take over here");
  await second.line("Listening");
  await first.text(/Live transcript moved to another tab/).waitFor();
  await second.recorded(4);
  await second.stop();
  await second.status("Final");
  await first.stop();
  await first.status("Final");
  await done(first);
});

test("Signed out in mid-recording, nothing is lost; signing in finishes what was begun", async () => {
  const opened = await openPage(browser);
  complaints = opened.complaints;
  const person = await signUp(opened.context, stack);
  const booth = await new Booth(opened.page).open(`${stack.url}/clone`);
  await booth.text(person.email).waitFor();
  await booth.record();
  await booth.recorded(3);
  const other = await opened.context.newPage();
  await other.addInitScript(() => sessionStorage.setItem("seeded", "yes"));
  await other.goto(`${stack.url}/clone`);
  await other.getByRole("button", { name: "Sign out" }).click();
  await other.getByRole("button", { name: "Sign in" }).waitFor();
  await other.close();
  await booth.button(/^Sign in$/).waitFor();
  await booth.recorded(5);
  await booth.stop();
  await booth.text("Please sign in again. Your recording is kept.").waitFor();
  await booth
    .button(/^Sign in$/)
    .last()
    .click();
  const dialog = booth.page.getByRole("dialog");
  await dialog.getByLabel("Email").fill(person.email);
  await dialog.getByLabel("Password").fill(person.password);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await booth.status("Final");
  await booth.clone("Signed in again");
  await done(booth);
});

test("Without an account the page signs in by itself when it first needs to, and not before", async () => {
  const { context, page, complaints: said } = await openPage(browser);
  complaints = said;
  const booth = await new Booth(page).open(`${stack.url}/clone`);
  expect(await booth.token()).toBe("");
  await booth.record();
  await booth.line("Listening");
  expect(await booth.token()).not.toBe("");
  await booth.recorded(4);
  await booth.stop();
  await booth.status("Final");
  await context.close();
});

test("An account that is made of an anonymous one keeps the voices; a sign-out leaves nothing", async () => {
  const opened = await openPage(browser);
  complaints = opened.complaints;
  const booth = await new Booth(opened.page).open(`${stack.url}/clone`);
  const { page } = booth;
  const dialog = page.getByRole("dialog");
  const email = `${crypto.randomUUID()}@example.com`;
  const enterPassword = async (button: string) => {
    await dialog.getByLabel("Email").fill(email);
    await dialog.getByLabel("Password").fill("correct horse battery");
    await dialog.getByRole("button", { name: button }).click();
  };
  const voices = ["Kept", "Leaving"];
  for (const name of voices) {
    await booth.choose(SHORT);
    await booth.transcript.fill("What this recording says, by hand.");
    await booth.clone(name);
  }
  await booth.press("Save my voices: create an account");
  await enterPassword("Create account");
  await page.getByText(email).waitFor();
  await booth.button("Play Kept").waitFor();

  await booth.choose(SHORT);
  await booth.transcript.fill("Words that are nobody else's.");
  await booth.name.fill("Private");
  await booth.press("Delete Leaving");
  await booth.press("Sign out");
  await booth.button("Sign in").waitFor();
  expect(await page.locator("main").innerText()).not.toMatch(/Kept|Leaving|short\.wav/);
  expect(await booth.transcript.inputValue()).toBe("");
  expect(await booth.name.inputValue()).toBe("");

  await booth.press("Sign in");
  await enterPassword("Sign in");
  await booth.button("Play Kept").waitFor();
  await booth.text("short.wav").waitFor(); // kept for its person
  expect(await booth.transcript.inputValue()).toBe("Words that are nobody else's.");
  await booth.page.reload();
  await booth.button("Play Kept").waitFor();
  expect(await booth.button("Play Leaving").count()).toBe(0);
  await done(booth);
});

test("A token with less than six minutes left is renewed before a session starts", async () => {
  const opened = await openPage(browser);
  complaints = opened.complaints;
  const { accessToken } = await signUp(opened.context, stack, { expiresIn: 300 });
  const started = new Promise<string>((resolve) => {
    opened.page.on("websocket", (socket) => {
      socket.once("framesent", ({ payload }) => {
        resolve((JSON.parse(String(payload)) as { access_token: string }).access_token);
      });
    });
  });
  const booth = await new Booth(opened.page).open(`${stack.url}/clone`);
  await booth.record();
  await booth.line("Listening");
  expect(await started).not.toBe(accessToken);
  await done(booth);
});

test("By keyboard alone: record, check, name, clone, hear", async () => {
  const booth = await enter();
  const { keyboard } = booth.page;
  const focused = () =>
    booth.page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.getAttribute("aria-label") ?? (element.innerText || element.tagName);
    });
  const tabTo = async (name: string) => {
    for (let n = 0; n < 40; n += 1) {
      if ((await focused()).trim() === name) return;
      await keyboard.press("Tab");
    }
    throw new Error(`${name} is not reached by Tab.`);
  };
  await tabTo("Start recording");
  await keyboard.press("Enter");
  await eventually(focused, (name) => expect(name.trim()).toBe("Stop recording"));
  await booth.recorded(5);
  await keyboard.press("Enter");
  await eventually(focused, (name) => expect(name.trim()).toBe("Your take"));
  await booth.status("Final");
  const isTranscript = () =>
    booth.transcript.evaluate((element) => element === document.activeElement);
  while (!(await isTranscript())) await keyboard.press("Tab");
  await keyboard.press("End");
  await keyboard.type(" indeed");
  const isName = () => booth.name.evaluate((element) => element === document.activeElement);
  while (!(await isName())) await keyboard.press("Tab");
  await keyboard.type("By keyboard");
  await keyboard.press("Tab");
  await keyboard.press("Space");
  await tabTo("Clone voice");
  await keyboard.press("Enter");
  await booth.page.getByText("“By keyboard” is ready").waitFor();
  await tabTo("Play By keyboard, reference recording");
  await keyboard.press("Enter");
  await booth.button("Pause By keyboard").waitFor();
  await done(booth);
});

test("A deleted voice can be taken back, and is gone when it is not", async () => {
  const booth = await enter();
  await booth.choose(SHORT);
  await booth.transcript.fill("These are the words.");
  await booth.clone("Fleeting");
  await booth.press("Delete Fleeting");
  await booth.press("Undo");
  await booth.button("Play Fleeting").waitFor();
  await booth.press("Delete Fleeting");
  await booth.page.getByText("Deleted “Fleeting”").waitFor({ state: "hidden" });
  await eventually(
    async () => {
      const headers = { Authorization: `Bearer ${await booth.token()}` };
      const response = await fetch(`${stack.url}/api/voices`, { headers });
      return ((await response.json()) as VoiceList).voices;
    },
    (voices) => expect(voices).toEqual([]),
  );
  await done(booth);
});

describe("The legacy page", () => {
  async function enterLegacy() {
    const { page, context, complaints: said } = await openPage(browser);
    complaints = said;
    await signUp(context, stack);
    await page.goto(`${stack.url}/legacy/clone`);
    await page.getByText("Record or upload your voice.").waitFor();
    const box = page.getByLabel("What is said, word for word");
    const clone = async (name: string) => {
      await page.getByLabel("Name").fill(name);
      await page.getByLabel("This is my voice, or I may use it").check();
      await page.getByRole("button", { name: "Clone voice" }).click();
      await page.getByText(`“${name}” is ready.`).waitFor();
    };
    return { page, context, box, clone };
  }

  test("uploads, transcribes and clones", async () => {
    const { page, context, box, clone } = await enterLegacy();
    await page.getByLabel("Or a file").setInputFiles(SHORT);
    await page.getByRole("button", { name: "Transcribe audio" }).click();
    await eventually(
      () => box.inputValue(),
      (words) => expect(wordErrors(SHORT_WORDS, words)).toBe(0),
    );
    await page.setViewportSize({ width: 320, height: 900 });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    expect(await new Booth(page).violations()).toEqual([]);
    await clone("Legacy upload");
    await context.close();
  });

  test("records with live words, transcribes and clones", async () => {
    const { page, context, box, clone } = await enterLegacy();
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(window, { said });
      const region = document.querySelector("[role=status]");
      if (!region) throw new Error("There is no live region.");
      new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
        childList: true,
      });
    });
    await page.getByRole("button", { name: "Start recording" }).click();
    await eventually(
      () => page.locator("[data-live]").innerText(),
      (words) => expect(words.split(" ").length).toBeGreaterThan(3),
    );
    await page.getByText(/^0:(0[6-9]|[1-5]\d)$/).waitFor();
    // A screen reader has said what began, and has not spoken into the recording.
    const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
    expect(said.filter((words) => words !== "Waiting for the microphone…")).toEqual(["Recording."]);
    expect(await new Booth(page).violations()).toEqual([]);
    await page.getByRole("button", { name: "Stop recording" }).click();
    await eventually(
      () => box.inputValue(),
      (words) => expect(wordErrors(SHORT_WORDS, words)).toBeLessThanOrEqual(1),
    );
    await page.getByText("Check the words, then clone the voice.").waitFor();
    await clone("Legacy recording");
    expect(await new Booth(page).violations()).toEqual([]);
    await context.close();
  });
});
