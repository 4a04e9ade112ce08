/** Builds the page as the tests need it: as in production, and with a stand-in for the microphone. */
import { join } from "node:path";
import { build } from "vite";
import { makeFixtures } from "./fixtures";
import { LACKING } from "./programs";

const FRONTEND = join(import.meta.dirname, "..", "..");

export const E2E_BUILD = join(FRONTEND, "dist-e2e");

export default async function setup(): Promise<void> {
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
}
