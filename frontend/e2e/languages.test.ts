/** The page in other languages: by browser, address and choice; mirrored for Arabic; within its width. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { violations } from "./support/axe";
import { eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

/** Where to write screenshots, if anywhere; with the fonts of Debian's `fonts-noto-core` and `-cjk`. */
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

async function enter(options: BrowserContextOptions, search = ""): Promise<Page> {
  const { page, context } = await openPage(browser, options);
  await new FakeWire().install(context);
  await page.goto(`${server.url}/clone${search}`);
  await page.locator("[data-record]").waitFor();
  return page;
}

const shown = (page: Page) =>
  page.evaluate(() => {
    const { lang, dir } = document.documentElement;
    return { lang, dir, title: document.title };
  });

/** How far the page is wider than its window, in pixels. */
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test("A language comes from the browser, the address or the list, and is remembered", async () => {
  const german = { lang: "de", dir: "ltr", title: "Stimme klonen" };
  const page = await enter({ locale: "de-AT" });
  expect(await shown(page)).toEqual(german);
  // English is on the way, and nobody has asked for another one.
  await page.getByLabel("Sprache der Seite").selectOption("ar");
  const arabic = { lang: "ar", dir: "rtl", title: "استنساخ صوت" };
  await eventually(
    () => shown(page),
    (now) => expect(now).toEqual(arabic),
  );
  await page.reload();
  await eventually(
    () => shown(page),
    (now) => expect(now).toEqual(arabic),
  );
  await page.goto(`${server.url}/clone?lang=ja`);
  await page.getByRole("button", { name: "録音を開始" }).waitFor();
  await page.goto(`${server.url}/clone?lang=tlh`);
  await page.getByRole("button", { name: "録音を開始" }).waitFor();
  await page.context().close();
});

test("Without the words of a language the page is in English", async () => {
  const { page, context } = await openPage(browser, { locale: "fr-FR" });
  await new FakeWire().install(context);
  await context.route(/\/assets\/fr-[^/]+\.js$/, (route) => route.abort());
  await page.goto(`${server.url}/clone`);
  await page.getByRole("button", { name: "Start recording" }).waitFor();
  await context.close();
});

test("By keyboard alone, in Arabic: record, pause, resume, stop, edit, redo, tabs that mirror", async () => {
  const page = await enter({ locale: "ar-EG" });
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
  const press = async (name: string, key = "Tab") => {
    await go(name, key);
    await keyboard.press("Enter");
  };
  await press("بدء التسجيل");
  await page.getByText(/^0:(0[2-9]|[1-5]\d)$/).waitFor();
  await press("إيقاف مؤقت");
  await page.locator("[data-line]", { hasText: "متوقف مؤقتًا" }).waitFor();
  await press("استئناف");
  await page.getByText(/^0:(0[4-9]|[1-5]\d)$/).waitFor();
  await press("إيقاف التسجيل", "Shift+Tab");
  await page.locator("[data-transcript-status]", { hasText: "نهائي" }).waitFor();
  await go("النص");
  await keyboard.type("Mine. ");
  await page.locator("[data-transcript-status]", { hasText: "عدّلته أنت" }).waitFor();
  await press("إعادة", "Shift+Tab");
  await eventually(focused, (name) => expect(name).toBe("بدء التسجيل"));
  await go("تسجيل", "Shift+Tab");
  await keyboard.press("ArrowLeft"); // what is next is on the left
  await eventually(focused, (name) => expect(name).toBe("رفع"));
  await page.context().close();
});

test.each([
  { language: "de", width: 320 },
  { language: "ja", width: 320 },
  { language: "ar", width: 320 },
  { language: "ar", width: 1280 },
])(
  "In $language at $width px nothing is cut off, and axe finds nothing",
  async ({ language, width }) => {
    const options = { viewport: { width, height: 800 } };
    const page = await enter(options, `?lang=${language}`);
    const look = async (state: string) => {
      expect(await overflow(page)).toBe(0);
      if (PICTURES) {
        const path = join(PICTURES, `${language}-${width}-${state}.png`);
        await page.screenshot({ path, fullPage: true });
      }
      expect(await violations(page)).toEqual([]);
    };
    await look("idle");
    await page.locator("[data-record]").click();
    await page.getByText(/^0:(0[2-9]|[1-5]\d)$/).waitFor();
    await look("recording");
    await page.locator("[data-record]").click();
    await page.locator("textarea").first().waitFor();
    await page.getByRole("slider").first().waitFor();
    await look("take");
    // Time runs to the right in every language.
    const slider = page.getByRole("slider").first();
    expect(await slider.evaluate((each) => getComputedStyle(each).direction)).toBe("ltr");
    await page.context().close();
  },
);
