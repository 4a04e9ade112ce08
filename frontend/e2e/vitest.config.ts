/** Tests in a real Chromium, one after the other: they share two cores and one stack. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["**/*.test.ts"],
    globalSetup: ["support/setup.ts"],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // A browser on a busy machine must not decide what is true: tests wait for what they expect.
    retry: 0,
  },
});
