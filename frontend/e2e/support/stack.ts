/** The real thing: Supabase's part, the provider, the bridge and the functions, as processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { E2E_BUILD } from "./setup";

export const ROOT = join(import.meta.dirname, "..", "..", "..");
export const PYTHON = join(ROOT, ".venv", "bin", "python");
const READY_MS = 60_000;
const TERM_MS = 10_000;

type Environment = Record<string, string>;

/** Ports below those that Linux, macOS and Windows give to a program that asks for any. */
const PORTS = { first: 12_000, last: 31_999 };
const given = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Ports that nothing else takes while a service that had one is stopped and started again. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = PORTS.first + Math.floor(Math.random() * (PORTS.last - PORTS.first + 1));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not become ready.`);
}

/** One of the stack's processes, with what it has written. */
export class Service {
  readonly #name: string;
  readonly #args: string[];
  readonly #env: Environment;
  readonly #isReady: (written: string) => Promise<boolean>;
  #process: ChildProcess | undefined;
  #written = "";

  constructor(
    name: string,
    args: string[],
    env: Environment,
    isReady: (written: string) => Promise<boolean>,
  ) {
    this.#name = name;
    this.#args = args;
    this.#env = env;
    this.#isReady = isReady;
  }

  async start(env: Environment = {}): Promise<void> {
    const child = spawn(PYTHON, this.#args, {
      cwd: ROOT,
      env: { ...process.env, ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#written = "";
    const take = (chunk: Buffer) => {
      this.#written += chunk.toString();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    await until(this.#name, async () => {
      if (child.exitCode !== null) throw new Error(`${this.#name} ended:\n${this.#written}`);
      return this.#isReady(this.#written);
    });
  }

  /** Ends the process by a signal, and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), TERM_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Starts it unless it runs. */
  async restart(): Promise<void> {
    if (!this.#process) await this.start();
  }

  /** Another process of the same kind on the same port, not started yet. */
  twin(env: Environment): Service {
    const isReady = async (written: string) => written.includes('"event": "ready"');
    return new Service(this.#name, this.#args, { ...this.#env, ...env }, isReady);
  }

  get log(): string {
    return this.#written;
  }
}

/** Whether the process itself listens, and not another that was quicker to take its port. */
const answers =
  (url: string) =>
  async (written: string): Promise<boolean> => {
    try {
      return written.includes('"event": "listening"') && (await fetch(url)).ok;
    } catch {
      return false;
    }
  };

export interface Stack {
  /** Address of the page, served by the functions. */
  readonly url: string;
  readonly supabaseUrl: string;
  readonly env: Environment;
  readonly neighbours: Service;
  readonly bridge: Service;
  readonly functions: Service;
  close(): Promise<void>;
}

function readEnv(path: string): Environment {
  return Object.fromEntries(
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => /^[A-Z_]+=/.test(line))
      .map((line) => {
        const [name, ...value] = line.split("=");
        return [name ?? "", value.join("=").replace(/^(['"])(.*)\1$/, "$2")];
      }),
  );
}

/** Settings, or what makes them of the provider's address. */
type Settings = Environment | ((providerUrl: string, supabaseUrl: string) => Promise<Environment>);

/**
 * Starts everything on ports of its own, with data of its own.
 *
 * @param args For `python -m local_stack`.
 */
export async function startStack(settings: Settings = {}, args: string[] = []): Promise<Stack> {
  if (!existsSync(PYTHON)) throw new Error("The services are not installed: run `make setup`.");
  try {
    return await tryStart(settings, args);
  } catch {
    // A port that was free may be someone else's by now: once more, on others.
    return await tryStart(settings, args);
  }
}

async function tryStart(settings: Settings, args: string[]): Promise<Stack> {
  const data = mkdtempSync(join(tmpdir(), "utter-e2e-"));
  const [supabase = 0, provider = 0, bridge = 0, bridgeMetrics = 0, functions = 0, metrics = 0] =
    await freePorts(6);
  const url = `http://127.0.0.1:${functions}`;

  const neighbours = new Service(
    "local_stack",
    [
      "-m",
      "local_stack",
      "--data-dir",
      data,
      "--port",
      String(supabase),
      "--provider-port",
      String(provider),
      ...args,
    ],
    {},
    async (written) => written.includes("local_stack ready:"),
  );
  const started: Service[] = [];
  const close = async () => {
    for (const service of started.reverse()) await service.stop();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    started.push(neighbours);
    await neighbours.start();
    const env: Environment = {
      ...readEnv(join(data, "env")),
      ALLOWED_ORIGINS: url,
      BRIDGE_PORT: String(bridge),
      BRIDGE_METRICS_PORT: String(bridgeMetrics),
      BRIDGE_PUBLIC_URL: `ws://127.0.0.1:${bridge}/api/transcriptions/realtime`,
      BRIDGE_DRAIN_SECONDS: "2",
      FUNCTIONS_PORT: String(functions),
      FUNCTIONS_METRICS_PORT: String(metrics),
      FUNCTIONS_PAGE_DIR: E2E_BUILD,
      FUNCTIONS_DRAIN_SECONDS: "2",
      ...(typeof settings === "function"
        ? await settings(`http://127.0.0.1:${provider}`, `http://127.0.0.1:${supabase}`)
        : settings),
    };
    const bridgeService = new Service(
      "ws_bridge",
      ["-m", "ws_bridge"],
      env,
      answers(`http://127.0.0.1:${bridge}/readyz`),
    );
    const functionsService = new Service(
      "edge_functions",
      ["-m", "edge_functions"],
      env,
      answers(`${url}/readyz`),
    );
    started.push(bridgeService, functionsService);
    await Promise.all([bridgeService.start(), functionsService.start()]);
    return {
      url,
      supabaseUrl: `http://127.0.0.1:${supabase}`,
      env,
      neighbours,
      bridge: bridgeService,
      functions: functionsService,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
