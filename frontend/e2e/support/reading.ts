/** The text that stands there to be read, beside the recording that is the microphone. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";

const FRONTEND = join(import.meta.dirname, "..", "..");

/** What is said in `REFERENCE`. */
export const SAID = readFileSync(
  join(FRONTEND, "..", "local_stack", "samples", "reference.txt"),
  "utf8",
)
  .trim()
  .replaceAll("\n", " ");
/** The first text that the page lets people read. */
const [, FIRST_TEXT = ""] =
  /"(He walked [^"]+)"/.exec(
    readFileSync(join(FRONTEND, "src", "reference-audio", "scripts.ts"), "utf8"),
  ) ?? [];

/** Puts a text of ours in the place of the page's first one to read. */
export async function toRead(page: Page, text: string): Promise<void> {
  await page.route("**/assets/*.js", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(FIRST_TEXT, text);
    await route.fulfill({ response, body });
  });
}
