/** Pictures of the page for the documentation: `npm run screenshots`. */
import { defineConfig, mergeConfig } from "vitest/config";
import tests from "./vitest.config";

export default mergeConfig(
  { ...tests, test: { ...tests.test, include: [] } },
  defineConfig({ test: { include: ["screenshots.ts"] } }),
);
