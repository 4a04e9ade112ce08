/** Tests in a real Chromium, four files at once: each starts its own stack, and mostly waits. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";

const found = (program: string) =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "../.tools/debian/usr/sbin"].some(
    (folder) => existsSync(join(folder, program)),
  );
/** Needs nginx. Where it cannot be fetched, as on macOS, pytest names what is left out. */
const FLEET = found("nginx") || found("apt-get") ? [] : ["rolling.test.ts"];

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...FLEET],
    globalSetup: ["support/setup.ts"],
    maxWorkers: 4,
    maxConcurrency: 2, // in a file that says so
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Tests wait for what they expect, and do not pass by chance here. Where they decide on a change,
    // real time and real audio on a busy machine get a second try, which the report names.
    retry: process.env.CI ? 1 : 0,
  },
});
