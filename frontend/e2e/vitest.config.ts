/** Tests in a real Chromium, four files at once: each starts its own stack, and mostly waits. */
import { configDefaults, defineConfig } from "vitest/config";
import { found, LACKING } from "./support/programs.ts";

/** Needs nginx. Where it cannot be fetched, as on macOS, pytest names what is left out. */
const HAS_FLEET = found(["nginx", "apt-get"]);
const FLEET = "rolling.test.ts";

/** The journey alone, and `setup.ts` names what is left out; `make test-browsers` runs the rest. */
const ENGINES = Object.values(LACKING).some((programs) => programs.length === 0)
  ? ["engines/journey.test.ts"]
  : [];

const root = import.meta.dirname;
/** For each project's tests. */
export const each = {
  root,
  testTimeout: 180_000,
  hookTimeout: 180_000,
  maxConcurrency: 2, // of tests of one file that say so
  // Tests wait for what they expect, and do not pass by chance here. Where they decide on a change,
  // real time and real audio on a busy machine get a second try, which the report names.
  retry: process.env.CI ? 1 : 0,
};

export default defineConfig({
  root,
  test: {
    globalSetup: ["support/setup.ts"],
    maxWorkers: 4,
    projects: [
      {
        test: {
          ...each,
          name: "page",
          include: ["*.test.ts", ...ENGINES],
          exclude: [...configDefaults.exclude, FLEET],
        },
      },
      // Sixty people and three bridges keep the machine busy: alone, after all others.
      ...(HAS_FLEET
        ? [{ test: { ...each, name: "fleet", include: [FLEET], sequence: { groupOrder: 1 } } }]
        : []),
    ],
  },
});
