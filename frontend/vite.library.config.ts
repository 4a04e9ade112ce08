/** The npm package: one file per module, so that a page's bundler takes only what it uses. */
import { join } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { build, defineConfig, type Plugin } from "vite";
import { catalogues } from "./words.plugin.ts";

const SOURCE = join(import.meta.dirname, "src");
const WORKLET = join(SOURCE, "audio", "capture.worklet.ts");
const INLINED = "\0capture-worklet";

/** The worklet's code, bundled into one script without imports. */
async function workletCode(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      target: "es2022",
      minify: true,
      lib: { entry: WORKLET, formats: ["es"] },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !("output" in output)) throw new Error("The worklet was not built.");
  return output.output[0].code;
}

/**
 * Carries the worklet inside the package as a `blob:` script, which works with every bundler, and
 * beside it as a file for pages whose content policy refuses that.
 */
function worklet(): Plugin {
  let code = "";
  return {
    name: "utter-worklet",
    enforce: "pre",
    async buildStart() {
      code = await workletCode();
      this.emitFile({ type: "asset", fileName: "capture.worklet.js", source: code });
    },
    resolveId: (id) => (id === "./worklet-url" ? INLINED : undefined),
    load: (id) =>
      id === INLINED
        ? `let url;
export const fileUrl = () =>
  (url ??= URL.createObjectURL(new Blob([${JSON.stringify(code)}], { type: "text/javascript" })));`
        : undefined,
  };
}

/**
 * Takes the layer off what Tailwind writes for browsers without `@property`, keeps it at home, lets
 * pages choose what a rem is, and writes the dark tokens apart.
 */
function styles(): Plugin {
  return {
    name: "utter-styles",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === "chunk" && file.isEntry && file.name === "styles") delete bundle[name];
        if (file.type !== "asset" || !name.endsWith(".css")) continue;
        file.source = String(file.source)
          .replace(
            /@layer properties\{(@supports .*?\{)(\*,[^{]*)(\{[^}]*\}\})\}/,
            "$1.utter,.utter *$3",
          )
          .replace("@layer properties;", "")
          // Where a page's root has another size; a media query means the browser's in any case. Names
          // of classes, such as `max-w-\[min\(11rem…`, stay as they are.
          .replace(/(?<=(?<!\\)[:,( ])([\d.]+)rem/g, "calc($1*var(--utter-rem,1rem))")
          .replace(/\.utter\{([^}]*light-dark[^}]*)\}/, (_, tokens: string) => {
            const dark = tokens.split(";").filter((each) => each.includes("light-dark"));
            const pick = (text: string, side: "$1" | "$2") =>
              text.replace(/light-dark\(([^,)]*),([^)]*)\)/g, side);
            return `.utter{${pick(tokens, "$1")}}.utter[data-scheme=dark]{${pick(dark.join(";"), "$2")}}`;
          });
      }
    },
  };
}

export default defineConfig({
  plugins: [worklet(), react(), tailwindcss(), catalogues(), styles()],
  publicDir: false,
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"], // leaves light-dark() as it is
    outDir: "dist-library",
    sourcemap: true,
    cssMinify: true,
    minify: false,
    lib: {
      entry: {
        index: "src/index.ts",
        react: "src/react.ts",
        element: "src/element.ts",
        "reference-audio-element": "src/reference-audio-element.ts",
        "assistant-ui": "src/adapters/assistant-ui.ts",
        "ai-sdk": "src/adapters/ai-sdk.ts",
        styles: "src/package-styles.ts",
      },
      formats: ["es"],
      cssFileName: "styles",
    },
    rolldownOptions: {
      external: [
        /^@messageformat\/runtime($|\/)/,
        /^react($|\/)/,
        /^react-dom($|\/)/,
        /^@supabase\//,
        "idb",
        "tus-js-client",
      ],
      output: { preserveModules: true, preserveModulesRoot: "src", entryFileNames: "[name].js" },
    },
  },
});
