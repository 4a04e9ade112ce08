/** Writes the package's type declarations; relative imports get the extension that Node wants. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const { resolve } = createRequire(import.meta.url);
const tsc = join(dirname(resolve("typescript/package.json")), "bin", "tsc");
const folder = join(import.meta.dirname, "dist-library");
execFileSync(process.execPath, [tsc, "-p", "tsconfig.library.json"], {
  cwd: import.meta.dirname,
  stdio: "inherit",
});
for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".d.ts")) continue;
  const file = join(folder, name);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/(\bfrom |\bimport\()"(\.{1,2}\/[^"]+)"/g, '$1"$2.js"'));
}
// What is imported for its effect, or by its address, has nothing to declare.
for (const name of ["styles", "capture.worklet"]) {
  writeFileSync(join(folder, `${name}.d.ts`), "export {};\n");
}
