/** The legacy page's script and style: files with fixed names, beside the page's own build. */
import { defineConfig } from "vite";
import { catalogues } from "./words.plugin.ts";

export default defineConfig({
  plugins: [catalogues()],
  publicDir: false,
  // The script finds its worklet beside itself, also in a page on another address.
  base: "./",
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: "src/legacy/legacy.ts",
      output: {
        entryFileNames: "legacy/clone.js",
        assetFileNames: "legacy/clone[extname]",
        codeSplitting: false,
      },
    },
  },
});
