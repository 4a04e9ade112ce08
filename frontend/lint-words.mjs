/**
 * Finds text for people outside of the catalogues (`src/*\/words/en.ts`): text in JSX, and strings that
 * begin like a sentence or hold several words. Errors that programmers see are exempt, and so is the English
 * message that goes with an error's code.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vite";

const SOURCE = join(import.meta.dirname, "src");
const SKIPPED = /(^|\/)(words|testing|generated|legacy)\/|\.test\.tsx?$|\.d\.ts$/;
/** Texts to read aloud; English messages of errors, which go with a code; names of faults. */
const EXEMPT =
  /^(reference-audio\/scripts(-world)?|dictation\/limits|audio\/source|lib\/text)\.ts$/;
/** JSX attributes and properties that hold no text for people. */
const TECHNICAL =
  /^(className|class|style|d|viewBox|key|id|type|role|variant|tone|rel|name|autoComplete|translate|dir|aria-keyshortcuts|aria-describedby|aria-labelledby|part)$/;
/** "Sentence case", with an ellipsis, or several words with nothing technical among them. */
const WORDS =
  /^\s*[“"']?\p{Lu}[\p{Ll}’']+([\s,.:;?!…”"]|$)|^[\s,.:;]*[\p{L}’'“”,.:;?!…%·-]+( [\p{L}\d’'“”,.:;?!…%·-]+)+[.?!…]?\s*$/u;
/** Keys of a keyboard, names of faults in the platform, headers. */
const NAMES =
  /^(Enter|Escape|Home|End|Tab|Space|Delete|Backspace|Accept|Authorization|Bearer|Content-Type|Shift|Control|Meta|Alt|Auth\w+Error|\w+Error|Arrow\w+|Key\w|Bearer |underline dotted ?|Loopback)$/;

/** Two words such as `px-5` or `hover:underline`: classes. */
const CLASSES = /(\S[-:]\S+.*){2}/;

const at = (code, offset) => code.slice(0, offset).split("\n").length;

/** Whether the string is the name of a thing, a comparison's side, or what a programmer reads. */
function isTechnical(parents) {
  for (let n = parents.length - 1; n >= 0; n -= 1) {
    const node = parents[n];
    const child = parents[n + 1];
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
        if (node.source && child === node.source) return true;
        break;
      case "ImportExpression":
      case "TSLiteralType":
      case "TSEnumMember":
      case "ThrowStatement":
        return true;
      case "BinaryExpression":
        return /[=<>]/.test(node.operator) || child === undefined;
      case "SwitchCase":
        if (child === node.test) return true;
        break;
      case "JSXAttribute": {
        const { name } = node.name.type === "JSXNamespacedName" ? node.name.name : node.name;
        if (TECHNICAL.test(name) || name.startsWith("data-")) return true;
        return false;
      }
      case "VariableDeclarator":
        if (/^(detail|message)$/.test(node.id.name)) return true;
        break;
      case "ExpressionStatement":
        if (node.directive) return true;
        break;
      case "Property":
        if (child === node.key || TECHNICAL.test(node.key.name ?? "")) return true;
        break;
      case "ObjectExpression":
        if (child?.key?.name === "message" && node.properties.some((p) => p.key?.name === "code")) {
          return true;
        }
        break;
      case "NewExpression":
        if (/Error$|^RegExp$/.test(node.callee.name ?? "")) return true;
        break;
      case "CallExpression":
        if (node.callee.type === "Super") return true;
        break;
      default:
    }
  }
  return false;
}

function* texts(node, parents) {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const each of node) yield* texts(each, parents);
    return;
  }
  if (node.type === "JSXText" && /\p{L}{2}/u.test(node.value)) {
    yield { text: node.value.trim(), start: node.start + node.value.search(/\S/) };
  }
  const here = [...parents, node];
  const value =
    node.type === "Literal" && typeof node.value === "string"
      ? node.value
      : node.type === "TemplateElement"
        ? node.value.cooked
        : undefined;
  if (
    value &&
    WORDS.test(value) &&
    !NAMES.test(value) &&
    !CLASSES.test(value) &&
    !isTechnical(here)
  ) {
    yield { text: value, start: node.start };
  }
  for (const [name, child] of Object.entries(node)) {
    if (name === "type" || name === "start" || name === "end") continue;
    yield* texts(child, here);
  }
}

const say = (line) => process.stderr.write(`${line}\n`);
let faults = 0;
for (const name of readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).sort()) {
  const path = name.replaceAll("\\", "/");
  if (!/\.tsx?$/.test(path) || SKIPPED.test(path) || EXEMPT.test(path)) continue;
  const code = readFileSync(join(SOURCE, path), "utf8");
  const lang = path.endsWith("x") ? "tsx" : "ts";
  for (const { text, start } of texts(parseAst(code, { lang }), [])) {
    faults += 1;
    say(`src/${path}:${at(code, start)}: ${JSON.stringify(text)}`);
  }
}
if (faults > 0) say("Text for people belongs into a catalogue: src/*/words/en.ts.");
process.exitCode = faults > 0 ? 1 : 0;
