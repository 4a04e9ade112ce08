/** The development server, with the services behind it at one address. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { SHORT, SHORT_WORDS, wordErrors } from "./support/fixtures";
import { freePorts, type Stack, startStack } from "./support/stack";

const FRONTEND = join(import.meta.dirname, "..");

let stack: Stack;
let browser: Browser;
let server: ViteDevServer;
let url: string;

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  [stack, browser] = await Promise.all([
    // Without an address of its own, the bridge is asked for where the page is.
    startStack({ ALLOWED_ORIGINS: url, BRIDGE_PUBLIC_URL: "" }),
    launch({ microphone: SHORT }),
  ]);
  process.env.BRIDGE_URL = `http://127.0.0.1:${stack.env.BRIDGE_PORT}`;
  process.env.FUNCTIONS_URL = stack.url;
  process.env.NODE_ENV = "development";
  server = await createServer({
    root: FRONTEND,
    configFile: join(FRONTEND, "vite.config.ts"),
    logLevel: "error",
    server: { port, strictPort: true },
  });
  await server.listen();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await stack?.close();
});

test("The page in development reaches the functions and, over one socket, the bridge", async () => {
  const { page, context, complaints } = await openPage(browser);
  await signUp(context, stack);
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  const booth = await new Booth(page).open(`${url}/clone`);
  await booth.record();
  await eventually(
    () => booth.liveWords(),
    (words) => expect(words.split(" ").length).toBeGreaterThan(3),
  );
  await booth.recorded(5);
  await booth.stop();
  await booth.status("Final");
  expect(wordErrors(SHORT_WORDS, await booth.transcript.inputValue())).toBeLessThanOrEqual(1);
  const live = sockets.filter((each) => each.includes("/realtime"));
  expect(live).toEqual([`${url.replace("http", "ws")}/api/transcriptions/realtime`]);
  expect(complaints).toEqual([]);
  await context.close();
});
