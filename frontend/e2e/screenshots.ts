/** The page as it is with the real services behind it, for the documentation. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { REFERENCE } from "./support/fixtures";
import { SAID, toRead } from "./support/reading";
import { startStack } from "./support/stack";

const IMAGES = join(import.meta.dirname, "..", "..", "docs", "images");

test.each([
  { name: "page", colorScheme: "light", width: 800, height: 1000 },
  { name: "page", colorScheme: "dark", width: 800, height: 1000 },
  { name: "phone", colorScheme: "light", width: 390, height: 664 },
  { name: "phone", colorScheme: "dark", width: 390, height: 664 },
] as const)("Recording, and reviewing where there is room: $name, $colorScheme", async (look) => {
  const { name, colorScheme, ...viewport } = look;
  mkdirSync(IMAGES, { recursive: true });
  const [stack, browser] = await Promise.all([
    startStack({ NOTICE: "Offline engine (Moonshine, English). Set MISTRAL_API_KEY for Voxtral." }),
    launch({ microphone: REFERENCE }),
  ]);
  try {
    const { page, context } = await openPage(browser, {
      colorScheme,
      reducedMotion: "no-preference",
      viewport,
      deviceScaleFactor: 2,
    });
    await toRead(page, SAID);
    await signUp(context, stack, { email: "you@example.com" });
    const booth = await new Booth(page).open(`${stack.url}/clone`);
    await page.evaluate(() => document.fonts.ready);
    await booth.record();
    await booth.recorded(11);
    await eventually(
      () => booth.liveWords(),
      (words) => expect(words.split(/\s+/).length).toBeGreaterThan(15),
    );
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(IMAGES, `${name}-recording-${colorScheme}.png`) });
    if (name === "phone") return;
    await booth.recorded(17);
    await booth.stop();
    await booth.status("Final");
    await booth.name.fill("Evening voice");
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(IMAGES, `page-take-${colorScheme}.png`) });
  } finally {
    await browser.close();
    await stack.close();
  }
});
