/** Figures of a long recording: `npm run bench` (two recordings of five minutes, or of `SECONDS`). */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["*.bench.ts"],
    globalSetup: ["../e2e/support/setup.ts"],
    testTimeout: 900_000,
    hookTimeout: 90_000,
  },
});
