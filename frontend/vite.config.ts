/** The page: development server with the services behind it, production build, unit tests. */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { catalogues } from "./words.plugin.ts";

const BRIDGE = process.env.BRIDGE_URL ?? "http://127.0.0.1:8790";
const FUNCTIONS = process.env.FUNCTIONS_URL ?? "http://127.0.0.1:8780";

export default defineConfig({
  plugins: [react(), tailwindcss(), catalogues()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    // What it stands in for makes a page faster, and costs every page.
    modulePreload: { polyfill: false },
    // A worklet must be a file of its own: a `data:` URL is refused by a strict content policy.
    assetsInlineLimit: 0,
    // What is too small for a file of its own, and comes with the first of them in any case.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "small",
              test: /\/src\/(audio\/pcm|session\/token|ui\/words\/(catalogue|en)|words\/(languages|words))\.ts$|preload-helper/,
            },
            // What the panels and the take's have in common.
            {
              name: "shared-panels",
              test: /\/reference-audio\/(panels\/(catalogue|use-panel-parts|words\/en)|ProblemMessage|problems|verdict-words|Waveform)\.tsx?$/,
              includeDependenciesRecursively: false,
            },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    proxy: {
      // Exactly this one: `…/realtime-token` is one of the functions.
      "^/api/transcriptions/realtime$": { target: BRIDGE, ws: true },
      "/api": { target: FUNCTIONS },
      "/legacy": { target: FUNCTIONS },
    },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "pure",
          environment: "node",
          include: ["src/**/*.test.ts"],
          // A process for each file costs more than most of these tests.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "page",
          environment: "jsdom",
          // Each file has globals of its own, as in a process, at two thirds of the CPU.
          pool: "vmThreads",
          include: ["src/**/*.test.tsx"],
          setupFiles: ["src/testing/setup.ts"],
          // Typing letter by letter takes its time on a busy machine.
          testTimeout: 60_000,
        },
      },
    ],
  },
});
