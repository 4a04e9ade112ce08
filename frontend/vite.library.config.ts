/** The library: `ReferenceAudioInput` and what it is made with, for other React pages. */
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  // Assets are found beside the module that asks for them, wherever a page's build puts it.
  base: "./",
  publicDir: false,
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist-library",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index", cssFileName: "styles" },
    rolldownOptions: { external: [/^react($|\/)/, /^react-dom($|\/)/, /^@supabase\//, "idb"] },
  },
});
