/** Compiles catalogues when they are loaded: no message is parsed in a browser, and none evaluated. */
import MessageFormat from "@messageformat/core";
import compileModule from "@messageformat/core/compile-module.js";
import type { Plugin } from "vite";
import { digits, LANGUAGES } from "./src/words/languages.ts";

const CATALOGUE = new RegExp(`/words/(${LANGUAGES.join("|")})\\.ts$`);

/** The messages of a catalogue whose types are stripped. */
async function messagesOf(code: string): Promise<Record<string, string>> {
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const { words } = (await import(/* @vite-ignore */ url)) as { words: Record<string, string> };
  return words;
}

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
          .replace("export default {", "export const words = {")
          .replace(plain, ": $1$2"),
        map: null,
      };
    },
  };
}
