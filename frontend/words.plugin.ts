/** Compiles catalogues when they are loaded: no message is parsed in a browser, and none evaluated. */
import MessageFormat from "@messageformat/core";
import compileModule from "@messageformat/core/compile-module.js";
import * as cardinals from "@messageformat/runtime/lib/cardinals";
import type { Plugin } from "vite";
import { digits, LANGUAGES } from "./src/words/languages.ts";

const CATALOGUE = new RegExp(`/words/(${LANGUAGES.join("|")})\\.ts$`);

/** The messages of a catalogue whose types are stripped. */
async function messagesOf(code: string): Promise<Record<string, string>> {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const { words } = (await import(/* @vite-ignore */ url)) as { words: Record<string, string> };
  return words;
}

const CARDINALS = /import \{ (\w+) \} from "@messageformat\/runtime\/lib\/cardinals";/;
const rules = cardinals as unknown as Readonly<Record<string, (count: number) => string>>;

/** `de.ts` holds messages in ICU's MessageFormat; what imports it gets a text, or a function, for each. */
export function catalogues(): Plugin {
  return {
    name: "utter-words",
    enforce: "post",
    async transform(code, id) {
      const [, language] = CATALOGUE.exec(id) ?? [];
      if (language === undefined) return undefined;
      const format = new MessageFormat(digits(language), { returnType: "string", strict: true });
      const compiled = compileModule(format, await messagesOf(code));
      const plain = /: \(\) => ("(?:[^"\\]|\\.)*")(,?)$/gm; // a text says itself
      return {
        code: compiled
          // A catalogue brings its language's rule for plurals, and no page all languages'.
          .replace(CARDINALS, (_, name: string) => `const ${name} = ${rules[name]};`)
          .replace("export default {", "export const words = {")
          .replace(plain, ": $1$2"),
        map: null,
      };
    },
  };
}
