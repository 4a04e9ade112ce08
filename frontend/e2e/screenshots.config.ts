/** Pictures of the page for the documentation: `npm run screenshots`. */
import { defineConfig } from "vitest/config";
import { each } from "./vitest.config";

export default defineConfig({
  test: { ...each, globalSetup: ["support/setup.ts"], include: ["screenshots.ts"] },
});
