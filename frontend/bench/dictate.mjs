/** Dictates a recording into the first field of a page: `node dictate.mjs URL SPEECH.wav WORDS`. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, speech, words] = process.argv.slice(2);
const executablePath = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find(existsSync);
const browser = await chromium.launch({
  executablePath,
  args: [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    `--use-file-for-fake-audio-capture=${speech}%noloop`,
  ],
});
try {
  const page = await browser.newPage({ locale: "en-GB" });
  page.on("pageerror", (error) => process.stderr.write(`${error}\n`));
  await page.goto(url);
  await page.getByRole("button", { name: "Dictate" }).click();
  // The field grows while the person speaks; then nobody speaks any more.
  await page.waitForFunction(
    (count) => document.querySelector("textarea").value.split(" ").length >= count,
    Number(words),
    { timeout: 60_000 },
  );
  await page.getByRole("button", { name: "Stop dictating" }).click();
  await page.getByRole("button", { name: "Dictate" }).waitFor();
  process.stdout.write(await page.locator("textarea").inputValue());
} finally {
  await browser.close();
}
