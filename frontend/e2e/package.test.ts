/** The npm package as a stranger gets it: packed, installed into fresh applications, used. */
import { execFileSync, spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Booth, eventually, signUp } from "./support/booth";
import { launch, openPage } from "./support/browser";
import { SHORT, SHORT_WORDS, wordErrors } from "./support/fixtures";
import { freePorts, type Stack, startStack } from "./support/stack";

const FRONTEND = join(import.meta.dirname, "..");
const EXAMPLES = join(FRONTEND, "..", "examples");
const NPM = ["--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"];
const KINDS: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
};

let folder: string;
let tarball: string;
let stack: Stack;
let browser: Browser;
let ports: number[];
const closers: (() => Promise<unknown>)[] = [];

function run(command: string, args: readonly string[], cwd: string, env = {}): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_ENV: "", NEXT_TELEMETRY_DISABLED: "1", CI: "1", ...env },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  }
}

/** A tool of ours, by its package and the path of its program. */
const tool = (name: string, path: string, ...args: string[]) =>
  run(process.execPath, [join(FRONTEND, "node_modules", name, path), ...args], FRONTEND);

/** An example in a folder of its own, with the package installed as npm installs it. */
function install(example: string, ...more: string[]): string {
  const target = join(folder, `${example}-${more.join("-").replace(/[^\w-]/g, "")}`);
  cpSync(join(EXAMPLES, example), target, {
    recursive: true,
    filter: (path) => !/node_modules|\.next|dist/.test(path),
  });
  run("npm", ["install", ...NPM, tarball, ...more], target);
  return target;
}

const built = new Map<number, Promise<string>>();

/** The address of a fresh Vite application with this React, built at its first use. */
function viteApplication(react: 18 | 19): Promise<string> {
  const build = async () => {
    const app = install("vite", `react@${react}`, `react-dom@${react}`);
    run("npm", ["run", "--silent", "build"], app, { VITE_UTTER_URL: stack.url });
    return serve(join(app, "dist"), ports[react - 18] ?? 0);
  };
  const url = built.get(react) ?? build();
  built.set(react, url);
  return url;
}

/** Serves a folder's files, and nothing else. */
async function serve(root: string, port: number): Promise<string> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    try {
      const path = join(root, pathname === "/" ? "index.html" : pathname);
      response.setHeader("Content-Type", KINDS[extname(path)] ?? "application/octet-stream");
      response.end(readFileSync(path));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  closers.push(() => new Promise((done) => server.close(done)));
  return `http://127.0.0.1:${port}`;
}

/** Enough words for what was said; how well the engine hears is tested elsewhere. */
const MOST_ERRORS = SHORT_WORDS.length / 3;

/** Speaks the short sample into the field. */
async function dictate(page: Page): Promise<void> {
  const field = page.getByLabel("Notes");
  await field.fill("Before.");
  await field.press("End");
  await page.getByRole("button", { name: "Dictate" }).click();
  await eventually(
    () => field.inputValue(),
    (text) => expect(text.split(" ").length).toBeGreaterThan(SHORT_WORDS.length - 2),
  );
  await page.getByRole("button", { name: "Stop dictating" }).click();
  await page.getByRole("button", { name: "Dictate" }).waitFor();
  const text = await field.inputValue();
  expect(text.startsWith("Before. ")).toBe(true);
  expect(wordErrors(SHORT_WORDS, text.slice("Before. ".length))).toBeLessThan(MOST_ERRORS);
  // One step back, and the field is as it was.
  await field.press("Control+z");
  expect(await field.inputValue()).toBe("Before.");
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "utter-package-"));
  run("npm", ["pack", "--silent", "--pack-destination", folder], FRONTEND);
  const { version } = JSON.parse(readFileSync(join(FRONTEND, "package.json"), "utf8"));
  tarball = join(folder, `utter-transcribe-${version}.tgz`);
  ports = await freePorts(4);
  const origins = ports.map((port) => `http://127.0.0.1:${port}`).join(",");
  stack = await startStack({ ALLOWED_ORIGINS: origins });
  browser = await launch({ microphone: SHORT });
});
afterAll(async () => {
  await browser?.close();
  for (const close of closers) await close();
  await stack?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("The tarball", () => {
  test("holds the library and no source of ours", () => {
    const files = run("tar", ["-tzf", tarball], folder).trim().split("\n");
    const own = ["package/package.json", "package/README.md", "package/LICENSE"];
    expect(files).toEqual(expect.arrayContaining([...own, "package/dist-library/index.js"]));
    const strange = files.filter((file) => !own.includes(file));
    expect(strange.filter((file) => !file.startsWith("package/dist-library/"))).toEqual([]);
  });

  test("passes publint", () => {
    expect(tool("publint", "src/cli.js", "run", tarball, "--strict")).toContain("All good!");
  });

  test.each(["bundler", "nodenext"])("is what its README says, by types, with %s", (resolution) => {
    const app = join(folder, `types-${resolution}`);
    const scope = join(app, "node_modules", "@utter");
    mkdirSync(scope, { recursive: true });
    run("tar", ["-xzf", tarball, "-C", scope], folder);
    renameSync(join(scope, "package"), join(scope, "transcribe"));
    for (const name of ["@types", "@supabase", "idb", "csstype"]) {
      symlinkSync(join(FRONTEND, "node_modules", name), join(app, "node_modules", name));
    }
    writeFileSync(join(app, "package.json"), '{ "type": "module" }');
    const readme = readFileSync(join(FRONTEND, "README.md"), "utf8");
    const examples = [...readme.matchAll(/```tsx\n([\s\S]*?)```/g)].map(([, code = ""]) => code);
    expect(examples.length).toBeGreaterThan(2);
    // What a strict page passes on, and finds.
    const given = "{ locale: undefined, className: undefined, labels: undefined }";
    writeFileSync(
      join(app, "given.tsx"),
      `import { type DictationButtonProps, type ReferenceAudioInputProps, useReferenceAudio } from "@utter/transcribe/react";
      import "@utter/transcribe/element";
      export const button: DictationButtonProps = ${given};
      export const input: Partial<ReferenceAudioInputProps> = { ...${given}, onChange: undefined, onSignIn: undefined };
      export const use = () => useReferenceAudio(undefined, { mode: undefined, language: undefined });
      document.createElement("utter-dictation").token = async () => "";`,
    );
    examples.forEach((code, n) => {
      writeFileSync(join(app, `example${n}.tsx`), code);
      expect(code.trim().split("\n").length).toBeLessThanOrEqual(25);
    });
    writeFileSync(
      join(app, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2022",
          module: resolution === "bundler" ? "ESNext" : "NodeNext",
          moduleResolution: resolution,
          lib: ["ES2022", "DOM", "DOM.Iterable"],
          jsx: "react-jsx",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: ["react"],
        },
        include: ["*.tsx"],
      }),
    );
    tool("typescript", "bin/tsc", "-p", join(app, "tsconfig.json"));
  });

  test("has types for bundlers and for Node", () => {
    // Ends with another status, and so throws, where something is wrong.
    tool("@arethetypeswrong/cli", "dist/index.js", tarball, "--profile", "esm-only");
  });
});

/** Bytes of what a page loads at once for this import, compressed; React and our peers aside. */
async function size(code: string): Promise<number> {
  const project = join(folder, "sizes");
  const built = await build({
    root: project,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      rolldownOptions: {
        input: "/entry.js",
        preserveEntrySignatures: "allow-extension", // as an application's entry
        external: [/^react/, /^@supabase/, "idb", "tus-js-client"],
      },
    },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "/entry.js" ? id : undefined),
        load: (id) => (id === "/entry.js" ? code : undefined),
      },
    ],
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !("output" in output)) throw new Error("Nothing was built.");
  const chunks = output.output.filter((each) => each.type === "chunk");
  const first = chunks.filter((each) => each.isEntry);
  const names = new Set(first.flatMap((each) => [each.fileName, ...each.imports]));
  const loaded = chunks.filter((each) => names.has(each.fileName));
  return loaded.reduce((sum, each) => sum + gzipSync(each.code).length, 0);
}

describe("What a page loads", () => {
  const readme = readFileSync(join(FRONTEND, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `(.+)` \| ([\d.]+) KiB \|$/gm)].map(
    ([, what = "", kibibytes]) => ({ what, kibibytes: Number(kibibytes) }),
  );

  beforeAll(() => {
    const scope = join(folder, "sizes", "node_modules", "@utter");
    mkdirSync(scope, { recursive: true });
    writeFileSync(join(folder, "sizes", "package.json"), '{ "type": "module" }');
    run("tar", ["-xzf", tarball, "-C", scope], folder);
    symlinkSync(join(scope, "package"), join(scope, "transcribe"));
    const runtime = join("node_modules", "@messageformat");
    symlinkSync(join(FRONTEND, runtime), join(folder, "sizes", runtime));
  });

  test("is listed, with limits", () => {
    expect(rows.map(({ what }) => what)).toEqual([
      'import { Dictation } from "@utter/transcribe"',
      'import { DictationButton } from "@utter/transcribe/react"',
      'import "@utter/transcribe/element"',
      'import { DictationButton, ReferenceAudioInput, useConnection, useReferenceAudio } from "@utter/transcribe/react"',
      'import "@utter/transcribe/styles.css"',
    ]);
    expect(rows[0]?.kibibytes).toBeLessThanOrEqual(25);
    expect(rows[3]?.kibibytes).toBeLessThanOrEqual(40);
    expect(rows[4]?.kibibytes).toBeLessThanOrEqual(7);
  });

  test.each(rows)(
    "$what: at most $kibibytes KiB, and not much less",
    async ({ what, kibibytes }) => {
      const styles = join(folder, "sizes", "node_modules", "@utter", "transcribe", "dist-library");
      const bytes = what.includes("styles.css")
        ? gzipSync(readFileSync(join(styles, "styles.css"))).length
        : await size(what.replace(/^import \{ (.+) \}/, "export { $1 }"));
      expect(bytes).toBeLessThanOrEqual(kibibytes * 1024);
      expect(bytes).toBeGreaterThan(kibibytes * 1024 * 0.9);
    },
  );

  test("holds no recorder where a page only dictates", async () => {
    const code = 'export { DictationButton } from "@utter/transcribe/react"';
    const whole = await size('export * from "@utter/transcribe/react"');
    expect(await size(code)).toBeLessThan(whole * 0.7);
  });
});

describe.each([18, 19] as const)("A fresh Vite application with React %d", (react) => {
  let url: string;
  beforeAll(async () => {
    url = await viteApplication(react);
  });

  test("dictates at the caret, and one undo takes it back", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signUp(context, stack);
    await page.goto(url);
    await dictate(page);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test("records, with live words and a final text", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signUp(context, stack);
    await page.addInitScript(() => {
      const loaded: string[] = [];
      Object.assign(window, { loaded });
      const { addModule } = AudioWorklet.prototype;
      AudioWorklet.prototype.addModule = async function (this: AudioWorklet, module) {
        await addModule.call(this, module);
        loaded.push(String(module));
      };
    });
    const booth = await new Booth(page).open(url);
    await booth.record();
    await booth.recorded(5);
    await booth.stop();
    await booth.status("Final");
    expect(wordErrors(SHORT_WORDS, await booth.transcript.inputValue())).toBeLessThan(MOST_ERRORS);
    // The worklet came along, and not only its stand-in for browsers without.
    const loaded = await page.evaluate(() => (window as unknown as { loaded: string[] }).loaded);
    expect(loaded).toEqual([expect.stringMatching(/^blob:/)]);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe("In someone's page", () => {
  let page: Page;
  /** As our own looks before the page has further rules. */
  let ours: string[];
  beforeAll(async () => {
    page = await open(await viteApplication(19));
    ours = await styles(".utter, .utter *");
  });
  afterAll(() => page?.context().close());

  /** Every computed style of the elements that a selector finds; where they are is the page's. */
  const styles = (selector: string) =>
    page.evaluate(
      (wanted) =>
        [...document.querySelectorAll(wanted)].map((element) => {
          const computed = getComputedStyle(element);
          const text = [...computed]
            .filter((name) => !/^--|^(top|right|bottom|left|inset-.*)$/.test(name))
            .map((name) => `${name}: ${computed.getPropertyValue(name)}`);
          return `${element.tagName}.${element.className}\n${text.join("\n")}`;
        }),
      selector,
    );

  /** The page with the component in a box that no rule of the page can move. */
  async function open(url: string): Promise<Page> {
    const { page: opened, context } = await openPage(browser);
    await signUp(context, stack);
    await new Booth(opened).open(url);
    await opened.evaluate(() => {
      for (const each of document.querySelectorAll<HTMLElement>("main")) {
        each.style.cssText =
          "position: absolute; left: 0; top: 0; width: 600px; --utter-font: serif";
      }
      const host = document.createElement("div");
      host.id = "host";
      host.innerHTML =
        '<h1>Host</h1><h2>Two</h2><p>Text <a href="#x">link</a></p><ul><li>One</li></ul><ol><li>1</li></ol><button>Press</button><input value="x"><select><option>1</option></select><textarea></textarea><table><tr><td>1</td></tr></table><img alt=""><hr><code>x</code>';
      document.body.append(host);
    });
    // What comes after the recorder, such as the list of microphones, has come once nothing more does.
    const parts = () => opened.locator(".utter *").count();
    for (let before = -1, now = await parts(); now !== before; now = await parts()) {
      before = now;
      await opened.waitForTimeout(1000);
    }
    return opened;
  }

  test("nothing of the page looks different for the package's stylesheet", async () => {
    const wanted = "html, body, #host, #host *";
    const disable = (disabled: boolean) =>
      page.evaluate((value) => {
        for (const sheet of document.styleSheets) sheet.disabled = value;
      }, disabled);
    const withUs = await styles(wanted);
    await disable(true);
    const without = await styles(wanted);
    await disable(false);
    expect(withUs.length).toBeGreaterThan(15);
    expect(withUs).toEqual(without);
  });

  test.each([
    [
      "a reset of everything",
      "* { margin: 0; padding: 0; box-sizing: content-box; border: 0; } :root { font-size: 62.5%; --utter-rem: 1.6rem; }",
    ],
    [
      "rules for elements and words of its own",
      "h2 { font-size: 40px; color: red; margin: 50px } button { background: blue; padding: 20px; text-transform: uppercase } ul { list-style: square; padding-left: 60px } main p { margin: 3em } input, select, textarea { border: 5px solid green; width: 30px } .px-4 { padding: 77px } .flex { display: block }",
    ],
    [
      "Tailwind's reset",
      readFileSync(join(FRONTEND, "node_modules/tailwindcss/preflight.css"), "utf8"),
    ],
    [
      "Bootstrap",
      readFileSync(join(FRONTEND, "node_modules/bootstrap/dist/css/bootstrap.min.css"), "utf8"),
    ],
  ])("ours looks the same under %s", async (_, css) => {
    const tag = await page.addStyleTag({ content: css });
    const after = await styles(".utter, .utter *");
    await tag.evaluate((each: Element) => each.remove());
    expect(ours.length).toBeGreaterThan(40);
    const changed = after.flatMap((each, n) => {
      const old = ours[n]?.split("\n") ?? [];
      const [name = ""] = old;
      return each
        .split("\n")
        .filter((line, at) => line !== old[at])
        .map((line) => `${name}: ${line}`);
    });
    expect([...new Set(changed)]).toEqual([]);
  });

  test("light and dark follow the color-scheme of the page, of the component, and of the system", async () => {
    const setScheme = (scheme: string, selector: string) =>
      page.evaluate(
        ([value, wanted]) => {
          for (const each of document.querySelectorAll<HTMLElement>(wanted ?? "")) {
            each.style.colorScheme = value ?? "";
          }
        },
        [scheme, selector],
      );
    const paper = () =>
      page.evaluate(
        () => getComputedStyle(document.querySelector(".utter section") as Element).backgroundColor,
      );
    const light = await paper();
    await setScheme("dark", "html");
    const dark = await eventually(paper, (colour) => expect(colour).not.toBe(light));
    await setScheme("light", ".utter");
    await eventually(paper, (colour) => expect(colour).toBe(light));
    await setScheme("", ".utter");
    await eventually(paper, (colour) => expect(colour).toBe(dark));
    await setScheme("light", "main"); // whatever stands between
    await eventually(paper, (colour) => expect(colour).toBe(light));
    await setScheme("", "main");
    await setScheme("light dark", "html");
    await page.emulateMedia({ colorScheme: "dark" });
    await eventually(paper, (colour) => expect(colour).toBe(dark));
  });
});

describe("A fresh Next application", () => {
  test("builds with the package in a server component, renders it on the server, and dictates", async () => {
    const app = install("next");
    const port = ports[2] ?? 0;
    run("npm", ["run", "--silent", "build"], app, { NEXT_PUBLIC_UTTER_URL: stack.url });
    const server = spawn(
      "npx",
      ["next", "start", "--hostname", "127.0.0.1", "--port", String(port)],
      {
        cwd: app,
        env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
        stdio: "ignore",
        detached: true,
      },
    );
    closers.push(async () => {
      if (server.pid) process.kill(-server.pid, "SIGTERM");
    });
    const url = `http://127.0.0.1:${port}`;
    const html = await eventually(
      () =>
        fetch(url).then(
          (answer) => answer.text(),
          () => "",
        ),
      (text) => expect(text).toContain("Dictate"),
      60_000,
    );
    expect(html).toContain("<button");
    const { page, context, complaints } = await openPage(browser);
    await signUp(context, stack);
    await page.goto(url);
    await dictate(page);
    expect(complaints).toEqual([]);
    await context.close();
  }, 240_000);
});

describe("A page without React", () => {
  test("dictates by the custom element, under a strict content policy", async () => {
    const app = install("vanilla");
    const index = join(app, "index.html");
    writeFileSync(index, readFileSync(index, "utf8").replace("http://127.0.0.1:8780", stack.url));
    run("npm", ["run", "--silent", "build"], app);
    // A page that refuses whatever a policy can refuse: no styles or scripts within it, no `blob:`.
    const policy = "default-src 'self'; connect-src http: ws:; require-trusted-types-for 'script'";
    const built = join(app, "dist", "index.html");
    const meta = `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`;
    writeFileSync(built, readFileSync(built, "utf8").replace("<head>", meta));
    expect(
      Object.keys(JSON.parse(readFileSync(join(app, "package.json"), "utf8")).dependencies),
    ).toEqual(["@utter/transcribe"]);
    const url = await serve(join(app, "dist"), ports[3] ?? 0);
    const { page, context, complaints } = await openPage(browser);
    await signUp(context, stack);
    await page.goto(url);
    await dictate(page);
    const button = page.getByRole("button", { name: "Dictate" });
    expect(await button.evaluate((each) => getComputedStyle(each).borderRadius)).toBe("50%");
    expect(complaints).toEqual([]);
    await context.close();
  });
});
