/** Builds the page as the tests need it: as in production, and with a stand-in for the microphone. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { makeFixtures } from "./fixtures";
import { LACKING } from "./programs";
import { PYTHON, ROOT } from "./stack";

const FRONTEND = join(import.meta.dirname, "..", "..");

export const E2E_BUILD = join(FRONTEND, "dist-e2e");

/** Lets browsers, stacks and tests write into memory, as pytest does; what it returns ends that. */
function writeIntoMemory(): () => void {
  const made = execFileSync(PYTHON, ["-m", "tests.scratch"], { cwd: ROOT, encoding: "utf8" });
  const folder = made.trim();
  if (!folder) return () => {};
  process.env.TMPDIR = folder;
  // What is about to end may still write.
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

export default async function setup(): Promise<() => void> {
  process.env.NODE_ENV = "production"; // or the build would hold the development React
  await build({
    root: FRONTEND,
    configFile: join(FRONTEND, "vite.config.ts"),
    mode: "e2e",
    logLevel: "error",
    build: { outDir: E2E_BUILD, emptyOutDir: true },
  });
  await build({
    root: FRONTEND,
    configFile: join(FRONTEND, "vite.legacy.config.ts"),
    mode: "e2e",
    logLevel: "error",
    build: { outDir: E2E_BUILD, emptyOutDir: false },
  });
  makeFixtures();
  for (const [engine, programs] of Object.entries(LACKING)) {
    if (programs.length === 0) continue;
    console.warn(`left out: ${engine} (this machine has no ${programs.join(", no ")})`);
  }
  return writeIntoMemory();
}
