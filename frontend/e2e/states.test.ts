/** Every state of the page: accessible, in its width, in both colours; and what it says. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServerMessage } from "../src/generated/protocol";
import { Booth, eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire, problem } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

/** Where to leave a picture of each state, for whoever wants to look. */
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

async function recordTake(booth: Booth, seconds = 4): Promise<void> {
  await booth.record();
  await booth.recorded(seconds);
  await booth.stop();
}

/** Each state, and how to get there. */
const STATES: Record<
  string,
  { prepare?: (wire: FakeWire) => void; reach: (booth: Booth) => Promise<void> }
> = {
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
  accepted: {
    reach: async (booth) => {
      await recordTake(booth);
      await booth.status("Final");
      await booth.press("Use this take");
    },
  },
  offered: {
    reach: async (booth) => {
      let letGo = () => {};
      await booth.page.route("**/api/transcriptions", async (route) => {
        await new Promise<void>((resolve) => {
          letGo = resolve;
        });
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
      wire.onSocket = (socket) => {
        const refusal: ServerMessage = {
          type: "error",
          message: "You are already transcribing.",
          code: "session_limit",
          retryable: true,
          retry_after: 30,
          open_sessions: ["6b0d1f0e-1111-4a5e-9a3b-2f1de3f6c111"],
        };
        socket.onMessage(() => {
          socket.send(JSON.stringify(refusal));
          void socket.close({ code: 4429 });
        });
      };
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
  { colorScheme: "light", width: 720 },
  { colorScheme: "dark", width: 720 },
  { colorScheme: "light", width: 1440 },
  { colorScheme: "dark", width: 1440 },
] as const;

describe("From 320 to 1440 px, in light and dark, axe finds nothing and nothing is cut off", () => {
  test.each(Object.entries(STATES))("%s", async (name, state) => {
    const wire = new FakeWire();
    state.prepare?.(wire);
    const { page, context, complaints } = await openPage(browser, { reducedMotion: "reduce" });
    await wire.install(context);
    await page.goto(`${server.url}/clone`);
    await page.getByRole("heading", { name: "Clone a voice" }).waitFor();
    const booth = new Booth(page);
    await state.reach(booth);
    for (const { colorScheme, width } of LOOKS) {
      const look = `${name}-${colorScheme}-${width}`;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      expect(await booth.violations(), look).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, look).toBe(0);
      if (PICTURES) {
        await page.screenshot({ path: join(PICTURES, `${look}.png`), fullPage: true });
      }
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
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

describe("Motion", () => {
  const moves = async (page: Page) => ({
    canvas: await page.locator("canvas").count(),
    animated: await page.evaluate(
      () => document.getAnimations().filter((each) => each.playState === "running").length,
    ),
  });

  test("is not wanted: no waveform moves and nothing fades", async () => {
    const { booth, page } = await enter(undefined, { reducedMotion: "reduce" });
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

test("The production build holds no stand-in for the microphone", async () => {
  process.env.NODE_ENV = "production";
  const frontend = join(import.meta.dirname, "..");
  const output = await build({
    root: frontend,
    configFile: join(frontend, "vite.config.ts"),
    mode: "production",
    logLevel: "error",
    build: { write: false },
  });
  if (!("output" in output)) throw new Error("It should be a single build.");
  const scripts = output.output.flatMap((file) => (file.type === "chunk" ? [file.code] : []));
  expect(scripts.join("\n")).toContain("utter-capture");
  expect(scripts.join("\n")).not.toContain("loopback");
});
