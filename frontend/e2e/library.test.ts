/** The library as another page uses it: the documented example, built against what is published. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Booth } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { type PageServer, servePage } from "./support/page-server";

const FRONTEND = join(import.meta.dirname, "..");
/** A project of its own, which finds React where ours is, and the library where npm would put it. */
const PROJECT = join(FRONTEND, "dist-e2e-library");
const PACKAGE = join(PROJECT, "node_modules", "utter-transcribe-frontend");

const API_URL = "https://voices.example";

let browser: Browser;
let server: PageServer;

function tsc(...args: string[]): void {
  const { resolve } = createRequire(import.meta.url);
  const command = join(dirname(resolve("typescript/package.json")), "bin", "tsc");
  try {
    execFileSync(process.execPath, [command, ...args], { cwd: FRONTEND, encoding: "utf8" });
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout, { cause: error });
  }
}

/** The first example of the README that is a whole file. */
function documentedExample(): string {
  const readme = readFileSync(join(FRONTEND, "README.md"), "utf8");
  const [, example] = /```tsx\n([\s\S]*?)```/.exec(readme) ?? [];
  if (!example) throw new Error("The README has no example.");
  return example;
}

beforeAll(async () => {
  rmSync(PROJECT, { recursive: true, force: true });
  mkdirSync(PACKAGE, { recursive: true });
  server = await servePage(join(PROJECT, "dist"));
  process.env.NODE_ENV = "production";
  await build({
    root: FRONTEND,
    configFile: join(FRONTEND, "vite.library.config.ts"),
    logLevel: "error",
    build: { outDir: join(PACKAGE, "dist-library") },
  });
  tsc("-p", "tsconfig.library.json", "--outDir", join(PACKAGE, "dist-library", "types"));
  copyFileSync(join(FRONTEND, "package.json"), join(PACKAGE, "package.json"));

  writeFileSync(join(PROJECT, "package.json"), '{ "private": true, "type": "module" }');
  const example = documentedExample();
  expect(example).toContain(API_URL);
  writeFileSync(join(PROJECT, "app.tsx"), example.replace(API_URL, server.url));
  writeFileSync(
    join(PROJECT, "index.html"),
    '<!doctype html><html lang="en"><title>Another page</title><body></body><script type="module" src="/app.tsx"></script></html>',
  );
  writeFileSync(
    join(PROJECT, "tsconfig.json"),
    JSON.stringify({
      extends: "../tsconfig.base.json",
      compilerOptions: {
        jsx: "react-jsx",
        lib: ["ES2022", "DOM", "DOM.Iterable"],
        types: ["vite/client"],
      },
      include: ["app.tsx"],
    }),
  );
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test("The documented example passes the strict compiler, by the declarations that go out", () => {
  tsc("-p", join(PROJECT, "tsconfig.json"));
});

test("Bundled into a page of its own it records, transcribes, and hands the take over", async () => {
  await build({
    root: PROJECT,
    configFile: false,
    logLevel: "error",
    build: { outDir: join(PROJECT, "dist"), target: "es2022" },
  });
  const { page, context, complaints } = await openPage(browser);
  const wire = new FakeWire();
  await wire.install(context);
  await page.addInitScript(() => {
    const loaded: string[] = [];
    Object.assign(window, { loaded });
    const { addModule } = AudioWorklet.prototype;
    AudioWorklet.prototype.addModule = async function (this: AudioWorklet, url) {
      await addModule.call(this, url);
      loaded.push(String(url));
    };
  });
  const booth = await new Booth(page).open(server.url);
  expect(await booth.button("Continue").isDisabled()).toBe(true);
  await booth.record();
  await booth.recorded(4);
  await booth.stop();
  await booth.status("Final");
  expect(await booth.button("Continue").isEnabled()).toBe(true);
  // The worklet came along, and not only its stand-in for browsers without.
  const loaded = await page.evaluate(() => (window as unknown as { loaded: string[] }).loaded);
  expect(loaded).toHaveLength(1);
  expect(complaints).toEqual([]);
  await context.close();
});
