/** Chromium with a recording as its microphone. */
import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { REFERENCE } from "./fixtures";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export interface BrowserOptions {
  /** WAV file that the microphone plays, once; each opening begins it anew. */
  readonly microphone?: string;
  /** Answers the browser's question about the microphone; without it the page's context decides. */
  readonly grant?: boolean;
  /** Names that stand for this machine: pages under them are not secure without https. */
  readonly hosts?: readonly string[];
}

export async function launch(options: BrowserOptions = {}): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error("Chromium is not installed.");
  return chromium.launch({
    executablePath,
    args: [
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${options.microphone ?? REFERENCE}%noloop`,
      ...(options.grant === false ? [] : ["--use-fake-ui-for-media-stream"]),
      ...(options.hosts
        ? [`--host-resolver-rules=${options.hosts.map((host) => `MAP ${host} 127.0.0.1`).join()}`]
        : []),
      // Tests hear nothing, but sound must be allowed to play without a click.
      "--autoplay-policy=no-user-gesture-required",
      "--mute-audio",
    ],
  });
}

/**
 * A page of its own, which fails the test when it reports an error or calls a stranger. Motion is
 * off unless it is asked for: it costs a tenth of a core while recording.
 */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") complaints.push(request.url());
  });
  return { context, page, complaints };
}
