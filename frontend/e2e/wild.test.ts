/** The page where it really runs: rewritten by others, without https, with a wrong clock. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth, eventually } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { REFERENCE } from "./support/fixtures";
import { type PageServer, servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

let server: PageServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([
    servePage(E2E_BUILD),
    launch({ microphone: REFERENCE, hosts: ["page.example"] }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function enter(
  options: {
    readonly prepare?: (wire: FakeWire) => void;
    readonly script?: () => void;
    readonly host?: string;
    readonly context?: BrowserContextOptions;
  } = {},
): Promise<{ booth: Booth; wire: FakeWire; page: Page; complaints: string[] }> {
  const wire = new FakeWire();
  options.prepare?.(wire);
  const { page, context, complaints } = await openPage(browser, options.context ?? {});
  if (options.script) await page.addInitScript(options.script);
  await wire.install(context);
  const url = new URL("/clone", server.url);
  if (options.host) url.hostname = options.host;
  const booth = await new Booth(page).open(url.href);
  return { booth, wire, page, complaints };
}

/** Puts each text node into an element of its own, as a translation does, and all that come. */
function rewriteTexts(): void {
  const rewrite = (node: Node): void => {
    if (node instanceof Text) {
      if (!node.parentElement || node.parentElement.closest("font, textarea, script, style"))
        return;
      const outer = document.createElement("font");
      const inner = document.createElement("font");
      inner.textContent = node.data;
      outer.append(inner);
      node.replaceWith(outer);
      return;
    }
    for (const child of [...node.childNodes]) rewrite(child);
  };
  const observer = new MutationObserver((records) => {
    for (const { addedNodes, target, type } of records) {
      if (type === "characterData") rewrite(target);
      for (const node of addedNodes) rewrite(node);
    }
  });
  observer.observe(document, { childList: true, characterData: true, subtree: true });
}

test("a page whose texts are rewritten while words arrive loses no word and no recording", async () => {
  const seconds = Number(process.env.REWRITTEN_SECONDS ?? 15);
  const words = Array.from({ length: 2 * seconds + 60 }, (_, n) => `word${n}`);
  const { booth, page, complaints } = await enter({
    script: rewriteTexts,
    prepare: (wire) => {
      wire.words = words;
    },
  });
  await booth.record();
  await booth.line("Listening");
  await booth.press("Pause");
  await booth.line("Paused");
  await booth.press("Resume");
  await booth.recorded(seconds);
  const heard = (await booth.liveWords()).trim().split(/\s+/);
  expect(heard.length).toBeGreaterThan(seconds);
  const resumed = heard.lastIndexOf("word0");
  expect(heard.slice(0, resumed)).toEqual(words.slice(0, resumed));
  expect(heard.slice(resumed)).toEqual(words.slice(0, heard.length - resumed));
  await booth.stop();
  await booth.status("Final");
  expect(await booth.transcript.inputValue()).toMatch(/^He walked down the street/);
  await booth.press("Redo");
  await booth.button("Start recording").waitFor();
  expect(await page.locator("font").count()).toBeGreaterThan(10);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("without https the page says so at once, and takes a file and typed words", async () => {
  const { booth, page } = await enter({ host: "page.example" });
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  await booth.text("Recording needs https.").waitFor();
  expect(await booth.button("Start recording").isDisabled()).toBe(true);
  await booth.choose(REFERENCE);
  await booth.text("reference.wav").waitFor();
  await booth.transcript.fill("He walked down the street to the old house.");
  await booth.clone("Typed");
  await page.context().close();
});

test.each([-2, 2])(
  "a clock that is %d hours off renews no token and signs nobody out",
  async (hours) => {
    const { booth, page } = await enter();
    const renewals: string[] = [];
    page.on("request", (request) => {
      if (/\/auth\/v1\/(token|signup)/.test(request.url())) renewals.push(request.url());
    });
    await page.clock.install({ time: Date.now() + hours * 3_600_000 });
    await page.reload();
    await booth.button("Start recording").waitFor();
    await booth.record();
    await booth.recorded(3);
    await booth.stop();
    await booth.status("Final");
    await booth.clone("Late");
    expect(renewals).toHaveLength(1); // the sign-in itself
    await page.context().close();
  },
);

test("a sign-in that is refused is told as such, with its way out", async () => {
  const { booth, page } = await enter({
    prepare: (wire) => {
      wire.refuseSignIn = { status: 422, code: "anonymous_provider_disabled" };
    },
  });
  await booth.record();
  await booth.text(/You need an account here/).waitFor();
  await page.getByRole("button", { name: "Sign in" }).last().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Email").fill("me@example.com");
  await dialog.getByLabel("Password").fill("correct horse");
  await dialog.getByRole("button", { name: "Sign in" }).click();
  const said = await eventually(
    () => dialog.getByRole("alert").innerText(),
    (text) => expect(text).not.toBe(""),
  );
  expect(said).not.toMatch(/[{}<>]|token/);
  await page.context().close();
});
