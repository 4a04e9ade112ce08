/** Three bridges and two functions behind nginx, sixty people who record, and a rolling restart. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { E2E_BUILD } from "./setup";
import { PYTHON, ROOT } from "./stack";

export interface Ending {
  /** How many recordings ended how, and why. */
  readonly endings: Record<string, number>;
  /** How many had to connect again. */
  readonly reconnected: number;
  /** Stretches of their sound that the provider never got. */
  readonly gaps: number;
  /** How often someone was told of something that trying again does not mend. */
  readonly worse: number;
  /** The other recordings: in how many sessions, and a WAV of what the provider received. */
  readonly stranger: { readonly sessions: number; readonly heard: string };
}

export class Fleet {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #folder: string;
  url = "";
  supabaseUrl = "";
  env: Record<string, string> = {};

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "utter-fleet-"));
    this.#process = spawn(PYTHON, ["-m", "tests.fleet.rolling", E2E_BUILD, this.#folder], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (!this.#process.stdout) throw new Error("The fleet cannot be heard.");
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async ready(): Promise<this> {
    const told = await this.#told<{ url: string; supabase_url: string; key: string }>();
    this.url = told.url;
    this.supabaseUrl = told.supabase_url;
    this.env = { SUPABASE_PUBLISHABLE_KEY: told.key };
    return this;
  }

  /** Lets sixty people begin; gives how many sessions the bridges hold when all are heard. */
  record(): Promise<{ recording: number; sessions: number }> {
    return this.#ask("record");
  }

  /** Replaces one bridge after the other; gives how many sessions each of them held before. */
  restart(): Promise<{ held: number[] }> {
    return this.#ask("restart");
  }

  /** Lets all sixty stop. */
  end(): Promise<Ending> {
    return this.#ask("end");
  }

  async close(): Promise<void> {
    const child = this.#process;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) await gone;
    this.#lines.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ask<T>(command: string): Promise<T> {
    this.#process.stdin?.write(`${JSON.stringify({ do: command })}\n`);
    return this.#told();
  }

  async #told<T>(): Promise<T> {
    const line = await this.#answers.next();
    if (line.done) throw new Error("The fleet ended; its last words are above.");
    return JSON.parse(line.value) as T;
  }
}
