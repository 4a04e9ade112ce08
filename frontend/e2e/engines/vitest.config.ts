/** All that runs in other engines than Chromium: `make test-browsers`. */
import { defineConfig } from "vitest/config";
import { each } from "../vitest.config.ts";

export default defineConfig({
  root: each.root,
  test: {
    ...each,
    include: ["engines/*.test.ts"],
    globalSetup: ["support/setup.ts"],
    maxWorkers: 1,
  },
});
