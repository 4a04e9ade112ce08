/** Every state of the page: accessible, in its width, in both colours; and what it says. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelOption, ServerMessage } from "../src/generated/protocol";
import { Booth, eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire, problem, refuseElsewhere } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

/** Where to write a screenshot of each state, if anywhere. */
const PICTURES = process.env.PICTURES;

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([servePage(E2E_BUILD), launch({ microphone: REFERENCE })]);
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function enter(
  prepare: (wire: FakeWire) => void = () => {},
  options: BrowserContextOptions = {},
): Promise<{ booth: Booth; wire: FakeWire; page: Page }> {
  const wire = new FakeWire();
  prepare(wire);
  const { page, context } = await openPage(browser, options);
  await wire.install(context);
  const booth = await new Booth(page).open(`${server.url}/clone`);
  return { booth, wire, page };
}

const leave = (booth: Booth) => booth.page.context().close();

async function recordTake(booth: Booth, seconds = 2): Promise<void> {
  await booth.record();
  await booth.recorded(seconds);
  await booth.stop();
}

/** Lets the service be one that only a network leads to. */
function elsewhere(wire: FakeWire): void {
  const realtime_url = "wss://bridge.example.com/api/transcriptions/realtime";
  wire.config = { ...wire.config, realtime_url };
}

/** Lets the page's microphone be one that fails in this way. */
const refuseMicrophone = (name: string) => (page: Page) =>
  page.addInitScript((fault) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", fault));
  }, name);

/** Lets the page's microphone be nothing but noise of this amplitude; 0 is a muted one. */
const noiseMicrophone = (amplitude: number) => (page: Page) =>
  page.addInitScript((peak) => {
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext();
      const sink = context.createMediaStreamDestination();
      const buffer = context.createBuffer(1, context.sampleRate, context.sampleRate);
      const samples = buffer.getChannelData(0);
      for (let n = 0; n < samples.length; n += 1) samples[n] = peak * (2 * Math.random() - 1);
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      source.connect(sink);
      source.start();
      return sink.stream;
    };
  }, amplitude);

interface State {
  readonly before?: (page: Page) => Promise<unknown>;
  readonly prepare?: (wire: FakeWire) => void;
  readonly reach: (booth: Booth) => Promise<unknown>;
}

/** Each state, and how to get there. */
const STATES: Record<string, State> = {
  idle: { reach: async () => {} },
  recording: {
    reach: async (booth) => {
      await booth.record();
      await eventually(
        () => booth.liveWords(),
        (words) => expect(words).toContain("the street"),
      );
    },
  },
  paused: {
    reach: async (booth) => {
      await booth.record();
      await booth.recorded(3);
      await booth.press("Pause");
      await booth.line("Paused");
    },
  },
  take: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
    },
  },
  offered: {
    reach: async (booth) => {
      let letGo = () => {};
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      await booth.page.route("**/api/transcriptions", async (route) => {
        await held;
        await route.fallback();
      });
      await recordTake(booth);
      await booth.status("Improving…");
      await booth.transcript.fill("She walked down the street to a house.");
      letGo();
      await booth.press("Compare");
      await booth.page.locator("ins").first().waitFor();
    },
  },
  failed: {
    prepare: (wire) => {
      wire.transcription = problem("provider_unavailable", 502, { retryable: true });
    },
    reach: async (booth) => {
      await recordTake(booth);
      await booth.text(/We could not transcribe it/).waitFor();
    },
  },
  quota: {
    prepare: (wire) => {
      wire.transcription = problem("quota_exceeded", 429, { retry_after: 3600 });
    },
    reach: async (booth) => {
      await recordTake(booth);
      await booth.text(/They return at \d\d:\d\d/).waitFor();
    },
  },
  off: {
    prepare: (wire) => {
      wire.config = { ...wire.config, enabled: false, realtime_enabled: false };
    },
    reach: async (booth) => {
      await booth.text("Transcription is off; type what you said.").waitFor();
    },
  },
  upload: {
    reach: async (booth) => {
      await booth.page.getByRole("tab", { name: "Upload" }).click();
      await booth.text("Drop an audio file here").waitFor();
    },
  },
  chosen: {
    reach: async (booth) => {
      await booth.choose(REFERENCE);
      await booth.text("Good length: 17 seconds.").waitFor();
    },
  },
  uploading: {
    prepare: (wire) => {
      wire.hold = new Promise(() => {});
    },
    reach: async (booth) => {
      await booth.choose(REFERENCE);
      await booth.press("Transcribe");
      await booth.text(/Uploading|Transcribing/).waitFor();
    },
  },
  elsewhere: {
    prepare: (wire) => {
      wire.onSocket = refuseElsewhere;
    },
    reach: async (booth) => {
      await booth.record();
      await booth.text("You are already recording elsewhere.").waitFor();
    },
  },
  cloned: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.clone("A fine voice");
    },
  },
  noisy: {
    before: noiseMicrophone(0.1),
    reach: async (booth) => {
      await booth.record();
      await booth.text("There is noise: a fan? a window?").waitFor();
    },
  },
  muted: {
    before: noiseMicrophone(0),
    reach: async (booth) => {
      await booth.record();
      await booth.text("We hear nothing. Is the microphone muted?").waitFor();
      await booth.recorded(4);
      await booth.page.getByLabel("Microphone").waitFor();
    },
  },
  blocked: {
    before: refuseMicrophone("NotAllowedError"),
    reach: async (booth) => {
      await booth.press("Start recording");
      await booth.text("The browser blocked the microphone.").waitFor();
      await booth.button("Upload a file instead").waitFor();
      await booth.press("How to allow it");
    },
  },
  missing: {
    before: refuseMicrophone("NotFoundError"),
    reach: async (booth) => {
      await booth.page.evaluate(() => {
        navigator.mediaDevices.enumerateDevices = async () => [];
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
      });
      await booth.press("Start recording");
      await booth.text("No microphone found.").waitFor();
    },
  },
  insecure: {
    before: (page) =>
      page.addInitScript(() =>
        Object.defineProperty(navigator, "mediaDevices", { value: undefined }),
      ),
    reach: async (booth) => {
      await booth.text("Recording needs https.").waitFor();
    },
  },
  reconnecting: {
    prepare: (wire) => {
      wire.onSocket = (socket, self) => {
        // The first one breaks after two seconds, and no other ever answers.
        if (self.sockets > 1) return socket.onMessage(() => {});
        self.serve(socket);
        setTimeout(() => void socket.close({ code: 1011 }), 2000);
      };
    },
    reach: async (booth) => {
      await booth.record();
      await booth.line("Reconnecting… still recording");
    },
  },
  offline: {
    prepare: elsewhere,
    reach: async (booth) => {
      await booth.page.evaluate(() => {
        Object.defineProperty(navigator, "onLine", { get: () => false });
        window.dispatchEvent(new Event("offline"));
      });
      await booth.record();
      await booth.line("Offline: still recording");
    },
  },
  wordless: {
    prepare: (wire) => {
      wire.onSocket = (socket) => {
        const refusal: ServerMessage = {
          type: "error",
          message: "The provider refused.",
          code: "provider_rejected",
          retryable: false,
        };
        socket.onMessage(() => {
          socket.send(JSON.stringify(refusal));
          void socket.close({ code: 4502 });
        });
      };
    },
    reach: async (booth) => {
      await booth.record();
      const words = "Your recording is safe; we will transcribe it when you stop.";
      await booth.text(`Live words stopped. ${words}`).waitFor();
    },
  },
  ending: {
    prepare: (wire) => {
      wire.config = { ...wire.config, limits: { ...wire.config.limits, max_seconds: 32 } };
    },
    reach: async (booth) => {
      await booth.record();
      await booth.text(/^\d\d seconds left$/).waitFor();
    },
  },
  short: {
    prepare: (wire) => {
      wire.config = { ...wire.config, limits: { ...wire.config.limits, min_seconds: 30 } };
    },
    reach: async (booth) => {
      await recordTake(booth, 1);
      await booth.text("Too short").waitFor();
    },
  },
  compared: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.press("Compare with the live draft");
      await booth.page.locator("ins").first().waitFor();
    },
  },
  takes: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.press("Redo");
      await recordTake(booth, 1);
      await booth.press("Delete Take 1");
      await booth.button("Undo").waitFor();
      await booth.press("Undo");
      await booth.button(/^Take 1/).waitFor();
    },
  },
  restored: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.page.reload();
      await booth.text("This was kept in your browser when the page closed.").waitFor();
    },
  },
  "signed-out": {
    prepare: (wire) => {
      wire.transcription = problem("unauthenticated", 401);
    },
    reach: async (booth) => {
      await recordTake(booth);
      await booth.text("Please sign in again. Your recording is kept.").waitFor();
    },
  },
  expecting: {
    reach: async (booth) => {
      await booth.page.getByText("Words to expect").click();
      const long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch";
      for (const word of [long, "Utter", "Voxtral"]) {
        const field = booth.page.getByLabel(/^Names and terms/);
        await field.fill(word);
        await field.press("Enter");
      }
      await booth.button("Remove Voxtral").waitFor();
    },
  },
  choosing: {
    prepare: (wire) => {
      const can: Omit<ModelOption, "id" | "kind"> = {
        languages: wire.config.languages,
        timestamps: [],
        diarization: false,
        context_bias: true,
        single_word_bias: true,
        streaming_delays_ms: [],
        turn_detection: false,
      };
      const ids = {
        realtime: "voxtral-mini-transcribe-realtime",
        batch: "voxtral-mini-transcribe",
      };
      wire.config = {
        ...wire.config,
        realtime_model: `${ids.realtime}-2602`,
        model: `${ids.batch}-2602`,
        models: (["realtime", "batch"] as const).flatMap((kind) =>
          ["2602", "3"].map((version) => ({ ...can, id: `${ids[kind]}-${version}`, kind })),
        ),
      };
    },
    reach: async (booth) => {
      await booth.page.getByText("Words to expect").click();
      await booth.text(/a phrase counts as its words/).waitFor();
      await booth.page.getByText("Advanced").click();
      const live = booth.page.getByLabel("Model for live words");
      await live.selectOption("voxtral-mini-transcribe-realtime-3");
      await booth.page.getByLabel("Model for the final text").waitFor();
    },
  },
  german: {
    reach: async (booth) => {
      await booth.page.getByLabel("Language", { exact: true }).selectOption("de");
      await booth.text(/Nebel über dem See/).waitFor();
    },
  },
  refused: {
    reach: async (booth) => {
      await booth.choose(fileURLToPath(import.meta.url));
      await booth.text(/^This kind of file cannot be used\./).waitFor();
    },
  },
  uncloned: {
    prepare: (wire) => {
      wire.clone = problem("internal", 500);
    },
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.name.fill("A voice");
      await booth.page.getByLabel("This is my voice, or I may use it").check();
      await booth.press("Clone voice");
      await booth.text(/The voice could not be made\./).waitFor();
    },
  },
  deleting: {
    prepare: (wire) => {
      const [voice] = wire.voices;
      if (voice) {
        const name = "A voice whose name someone has made as long as it may be, and longer";
        wire.voices = [voice, { ...voice, voice_id: crypto.randomUUID(), name }];
      }
    },
    reach: async (booth) => {
      await recordTake(booth);
      await booth.press("Delete Grandmother");
      await booth.button("Undo").waitFor();
    },
  },
  unreachable: {
    before: (page) => page.route("**/api/config", (route) => route.abort()),
    reach: (booth) => booth.text("The server cannot be reached.").waitFor(),
  },
  signing: {
    reach: async (booth) => {
      await booth.press("Sign in");
      await booth.page.getByRole("dialog").waitFor();
    },
  },
  gate: {
    prepare: (wire) => {
      wire.config = { ...wire.config, allow_anonymous: false };
    },
    reach: async (booth) => {
      await booth.page.getByRole("heading", { name: "Sign in to begin" }).waitFor();
    },
  },
};

const LOOKS = [
  { colorScheme: "light", width: 320 },
  { colorScheme: "dark", width: 320 },
  { colorScheme: "light", width: 768 },
  { colorScheme: "dark", width: 768 },
  { colorScheme: "light", width: 1440 },
  { colorScheme: "dark", width: 1440 },
] as const;

// Two at once: one waits for its recording while axe looks at the other.
describe.concurrent("From 320 to 1440 px, in light and dark, axe finds nothing and nothing is cut off", () => {
  test.each(Object.entries(STATES))("%s", async (name, state) => {
    const wire = new FakeWire();
    state.prepare?.(wire);
    const { page, context, complaints } = await openPage(browser);
    await wire.install(context);
    await state.before?.(page);
    await page.goto(`${server.url}/clone`);
    await page.getByRole("heading", { name: "Clone a voice" }).waitFor();
    const booth = new Booth(page);
    await state.reach(booth);
    for (const { colorScheme, width } of LOOKS) {
      const look = `${name}-${colorScheme}-${width}`;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      // Above 544 px only the margins grow.
      if (width !== 768) expect(await booth.violations(), look).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, look).toBe(0);
      if (PICTURES) {
        await page.screenshot({ path: join(PICTURES, `${look}.png`), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 390, height: 664 });
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    // What is drawn to the size of its place is drawn anew a frame later.
    await eventually(
      () =>
        page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        ),
      (overflow) => expect(overflow, `${name} with text of twice the size`).toBe(0),
      5000,
    );
    expect(complaints).toEqual([]);
    await context.close();
  });
});

test("On the smallest screen the next thing to do is in view, however long the text to read", async () => {
  const { booth, page } = await enter(undefined, { viewport: { width: 320, height: 568 } });
  const isInView = async (name: string) => {
    const box = await booth.button(name).boundingBox();
    return box !== null && box.y >= 0 && box.y + box.height <= 568;
  };
  expect(await isInView("Start recording")).toBe(true);
  await booth.record();
  await booth.recorded(1);
  await page.evaluate(() => scrollTo(0, 0));
  expect(await isInView("Stop recording")).toBe(true);
  expect(await isInView("Pause")).toBe(true);
  await leave(booth);
});

test("While recording nothing is announced but what begins, breaks or ends", async () => {
  const { booth, page } = await enter((wire) => {
    let sockets = 0;
    wire.onSocket = (socket, self) => {
      sockets += 1;
      // The first one breaks after two seconds.
      self.serve(socket);
      if (sockets === 1) setTimeout(() => void socket.close({ code: 1011 }), 2000);
    };
  });
  await page.locator("[role=status].sr-only").waitFor({ state: "attached" });
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    const region = document.querySelector("[role=status].sr-only");
    if (!region) throw new Error("There is no live region.");
    new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  await booth.record();
  await booth.recorded(6);
  const regions = await page.locator("[aria-live], [role=alert], [role=timer], [role=log]").count();
  expect(regions).toBe(0);
  await booth.stop();
  const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
  expect(said.slice(0, 2)).toEqual(["Recording started.", "Reconnecting. Still recording."]);
  expect(said[2]).toMatch(/^Recording stopped\. \d seconds\.$/);
  await leave(booth);
});

test("By keyboard alone: language, words to expect, pause, compare, redo, upload, delete, undo", async () => {
  const { booth, page } = await enter();
  const { keyboard } = page;
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement;
      const label = element.labels?.[0]?.innerText;
      return (element.getAttribute("aria-label") ?? label ?? element.innerText).trim();
    });
  const go = async (name: string, key = "Tab") => {
    for (let n = 0; n < 60; n += 1) {
      if ((await focused()) === name) return;
      await keyboard.press(key);
    }
    throw new Error(`${name} is not reached by ${key}.`);
  };
  const press = async (name: string, back = false) => {
    await go(name, back ? "Shift+Tab" : "Tab");
    await keyboard.press("Enter");
  };
  await go("Language");
  await keyboard.press("g");
  await booth.text(/Nebel über dem See/).waitFor();
  await press("Words to expect");
  await go("Names and terms, such as “Voxtral”. They help the next transcription.");
  await keyboard.type("Utter");
  await keyboard.press("Enter");
  await press("Remove Utter");

  await press("Start recording", true);
  await booth.recorded(2);
  await press("Pause");
  await booth.line("Paused");
  await press("Resume");
  await booth.recorded(4);
  await press("Stop recording", true);
  await booth.status("Final");
  await press("Compare with the live draft");
  await page.locator("ins").first().waitFor();
  await go("Transcript", "Shift+Tab");
  await keyboard.type("Now mine. ");
  await press("Redo", true);
  await eventually(focused, (name) => expect(name).toBe("Start recording"));

  // Asked for well before the key: the browser must know by then that no dialog is wanted.
  const chooser = page.waitForEvent("filechooser");
  await go("Record", "Shift+Tab");
  await keyboard.press("ArrowRight");
  await eventually(focused, (name) => expect(name).toBe("Upload"));
  await go("Transcribe on select");
  await keyboard.press("Space");
  await go("Choose an audio file", "Shift+Tab");
  await keyboard.press("Enter");
  await (await chooser).setFiles(REFERENCE);
  await press("Transcribe");
  await booth.status("Final");

  await press("Delete Grandmother");
  await eventually(focused, (name) => expect(name).toBe("Your voices"));
  await press("Undo");
  await booth.button("Play Grandmother").waitFor();
  await leave(booth);
});

describe("Motion", () => {
  const moves = async (page: Page) => ({
    canvas: await page.locator("canvas").count(),
    animated: await page.evaluate(
      () => document.getAnimations().filter((each) => each.playState === "running").length,
    ),
  });

  test("is not wanted: no waveform moves and nothing fades", async () => {
    const { booth, page } = await enter();
    await booth.record();
    await booth.recorded(2);
    expect(await moves(page)).toEqual({ canvas: 0, animated: 0 });
    expect(await page.getByRole("meter").getAttribute("aria-valuetext")).toBe("Good");
    await leave(booth);
  });

  test("is wanted: the waveform is drawn anew as sound comes", async () => {
    const { booth, page } = await enter(undefined, { reducedMotion: "no-preference" });
    await booth.record();
    await booth.recorded(2);
    const picture = () =>
      page.locator("canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await picture();
    await eventually(picture, (now) => expect(now).not.toBe(before));
    await leave(booth);
  });
});

test("Without a network the take goes on, and so do the words when it is back", async () => {
  const sockets: WebSocketRoute[] = [];
  const { booth, page } = await enter((wire) => {
    elsewhere(wire);
    wire.onSocket = (socket, self) => {
      sockets.push(socket);
      self.serve(socket);
    };
  });
  const network = (online: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(navigator, "onLine", { configurable: true, get: () => value });
      window.dispatchEvent(new Event(value ? "online" : "offline"));
    }, online);
  await booth.record();
  await booth.line("Listening");
  await network(false);
  await sockets[0]?.close({ code: 1001 });
  await booth.line("Offline: still recording");
  await booth.recorded(4);
  expect(sockets).toHaveLength(1);
  await network(true);
  await booth.line("Listening");
  expect(sockets).toHaveLength(2);
  await leave(booth);
});

test("A server that takes audio and acknowledges nothing is left for another try", async () => {
  const { booth } = await enter((wire) => {
    // The server is there and answers nothing after `ready`: nothing is acknowledged.
    wire.onSocket = (socket) => {
      socket.onMessage((data) => {
        if (typeof data !== "string") return;
        const ready: ServerMessage = {
          type: "ready",
          v: 1,
          session_id: crypto.randomUUID(),
          model: "m",
          max_seconds: 300,
          resume_rewind_ms: 2500,
        };
        socket.send(JSON.stringify(ready));
      });
    };
  });
  await booth.record();
  await booth.line("Listening");
  await booth.line("Reconnecting… still recording"); // five seconds without a sign
  await leave(booth);
});

test("A forgotten password: a link is sent, and the page that it leads to asks for a new one", async () => {
  const { booth, page } = await enter();
  await booth.press("Sign in");
  await booth.press("Forgot your password?");
  await page.getByRole("dialog", { name: "Reset your password" }).waitFor();
  await page.getByLabel("Email").fill("ada@example.com");
  const asked = page.waitForRequest("**/auth/v1/recover*");
  await booth.press("Send me a link");
  expect((await asked).postDataJSON()).toMatchObject({ email: "ada@example.com" });
  await booth.text(/a link to a new password is on its way/).waitFor();
  expect(await booth.violations()).toEqual([]);

  await page.goto(`${server.url}/clone?code=from-the-link`);
  await page.getByRole("dialog", { name: "Choose a new password" }).waitFor();
  await page.keyboard.type("correct horse battery"); // the focus is in the field
  const saved = page.waitForRequest((request) => request.method() === "PUT");
  await page.keyboard.press("Enter");
  expect((await saved).postDataJSON()).toMatchObject({ password: "correct horse battery" });
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await leave(booth);
});

test("Before any script has come, the page says what it is", async () => {
  const { page } = await openPage(browser);
  await page.route("**/*.js", () => {}); // a line that is too slow for it
  await page.goto(`${server.url}/clone`, { waitUntil: "commit" });
  await page.getByRole("heading", { name: "Clone a voice" }).waitFor();
  await page.getByText("One moment…").waitFor();
  await page.context().close();
});

test("The first load is at most 130 kB, compressed, worklet aside", async () => {
  const { page } = await openPage(browser);
  const wire = new FakeWire();
  await wire.install(page.context());
  const sizes = new Map<string, number>();
  page.on("response", async (response) => {
    const { origin, pathname } = new URL(response.url());
    if (origin !== server.url || pathname.startsWith("/api")) return;
    sizes.set(pathname, gzipSync(await response.body()).length);
  });
  await page.goto(`${server.url}/clone`);
  await page.getByRole("button", { name: "Start recording" }).waitFor();
  await page.waitForLoadState("networkidle");
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect([...sizes.keys()].length).toBeGreaterThan(2);
  expect(total).toBeLessThan(130_000);
  await page.context().close();
});

test("The production build holds no stand-in for the microphone", () => {
  // As `make` has just built it.
  const assets = join(import.meta.dirname, "..", "dist", "assets");
  const scripts = readdirSync(assets)
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(assets, name), "utf8"));
  expect(scripts.join("\n")).toContain("utter-capture");
  expect(scripts.join("\n")).not.toContain("loopback");
});
