/** Firefox, by WebDriver BiDi, with a virtual microphone. */
import type { Browser } from "playwright-core";
// 1.65.1 cannot make a context in Firefox 153.
import { firefox } from "playwright-core-firefox";
import { FIREFOX, found } from "./programs";

/** @param env Where the microphone is. */
export async function launchFirefox(env: Record<string, string>): Promise<Browser> {
  const executablePath = found(FIREFOX);
  if (!executablePath) throw new Error("Firefox is not installed.");
  const browser: unknown = await firefox.launch({
    channel: "moz-firefox",
    executablePath,
    env: { ...process.env, ...env },
    firefoxUserPrefs: {
      "media.navigator.permission.disabled": true, // nobody is there to be asked
    },
  });
  return browser as Browser; // the same interface, of another version
}
