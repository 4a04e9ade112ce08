/** Writes the items of `registry/` as `shadcn add` reads them, each with its files inside. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dirname, "registry");
const target = process.argv[2] ?? join(import.meta.dirname, "..", "dist", "registry");
const registry = JSON.parse(readFileSync(join(source, "registry.json"), "utf8"));
mkdirSync(target, { recursive: true });
for (const item of registry.items) {
  const files = item.files.map((file) => ({
    ...file,
    content: readFileSync(join(source, file.path), "utf8"),
  }));
  const whole = { $schema: "https://ui.shadcn.com/schema/registry-item.json", ...item, files };
  writeFileSync(join(target, `${item.name}.json`), `${JSON.stringify(whole, null, 2)}\n`);
}
