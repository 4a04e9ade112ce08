/** WebKitGTK, by WebDriver (W3C), with the microphone that `env` leads to. Safari's engine, not Safari. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, until } from "./stack";

const PATIENCE_MS = 60_000;
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // WebDriver, 12.2
const BROWSER = join(import.meta.dirname, "webkit_browser.py");

/** Ends a process and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

export class WebKit {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  #session = "";

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "utter-webkit-"));
  }

  static async launch(env: Record<string, string>): Promise<WebKit> {
    const webkit = new WebKit();
    try {
      await webkit.#start(env);
      return webkit;
    } catch (error) {
      await webkit.close();
      throw error;
    }
  }

  async #start(env: Record<string, string>): Promise<void> {
    const display = await this.#display();
    const [port = 0] = await freePorts(1);
    this.#children.push(
      spawn("WebKitWebDriver", [`--port=${port}`], {
        env: {
          ...process.env,
          ...env,
          DISPLAY: display,
          GIO_USE_NETWORK_MONITOR: "base", // or a machine without a network is offline
          HOME: this.#folder,
          XDG_RUNTIME_DIR: this.#folder,
          LC_ALL: "C.UTF-8", // the page is told that the person's language is "C"
        },
        stdio: "ignore",
      }),
    );
    const driver = `http://127.0.0.1:${port}`;
    await until("WebKitWebDriver", () =>
      fetch(`${driver}/status`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
    // The driver starts a program without a way to name its interpreter.
    const binary = join(this.#folder, "browser");
    writeFileSync(binary, `#!/bin/sh\nexec /usr/bin/python3 '${BROWSER}'\n`);
    chmodSync(binary, 0o700);
    const { sessionId } = await call<{ sessionId: string }>("POST", `${driver}/session`, {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: [] } } },
    });
    this.#session = `${driver}/session/${sessionId}`;
  }

  async #display(): Promise<string> {
    const server = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x1024x24"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    this.#children.push(server);
    const pipe = server.stdio[3];
    if (!pipe) throw new Error("Xvfb has no pipe.");
    const [number] = (await once(pipe, "data")) as [Buffer];
    return `:${number.toString().trim()}`;
  }

  async open(url: string): Promise<void> {
    await call("POST", `${this.#session}/url`, { url });
  }

  async reload(): Promise<void> {
    await call("POST", `${this.#session}/refresh`, {});
  }

  /** Runs a function in the page, and waits for what it resolves to. */
  evaluate<A extends unknown[], T>(run: (...args: A) => T | Promise<T>, ...args: A): Promise<T> {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve((${run})(...[...arguments].slice(0, -1))).then(done);`;
    return call("POST", `${this.#session}/execute/async`, { script, args });
  }

  /** Waits for an element that is shown, and returns its path in this session. */
  async #find(xpath: string): Promise<string> {
    let path = "";
    const isThere = async () => {
      const elements = `${this.#session}/elements`;
      const query = { using: "xpath", value: xpath };
      for (const element of await call<Record<string, string>[]>("POST", elements, query)) {
        path = `${this.#session}/element/${element[ELEMENT]}`;
        // What React has replaced in the meantime is an error.
        if (await call<boolean>("GET", `${path}/displayed`).catch(() => false)) return true;
      }
      return false;
    };
    try {
      await until(xpath, isThere);
    } catch (cause) {
      const text = await this.evaluate(() => document.body.innerText);
      throw new Error(`${xpath} is not there, but:\n${text}`, { cause });
    }
    return path;
  }

  async see(xpath: string): Promise<void> {
    await this.#find(xpath);
  }

  async click(xpath: string): Promise<void> {
    await call("POST", `${await this.#find(xpath)}/click`, {});
  }

  /** Types a text, or chooses a file, in the field. */
  async type(xpath: string, text: string): Promise<void> {
    await call("POST", `${await this.#find(xpath)}/value`, { text });
  }

  async close(): Promise<void> {
    if (this.#session) await call("DELETE", this.#session).catch(() => {});
    for (const child of this.#children.reverse()) await end(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function call<T = null>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const { value } = (await response.json()) as { value: T };
  if (!response.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}
