/** Differences between two texts, word by word, for the eye. */
import { differences as regionsOf } from "../match/alignment";

export interface Difference {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Texts are at most some minutes of speech. */
const MAX_WORDS = 2000;

const words = (text: string) => (text.match(/\S+/g) ?? []).slice(0, MAX_WORDS);
const bare = (word: string) => word.toLocaleLowerCase("en").replace(/[^\p{L}\p{N}]/gu, "") || word;

/**
 * What turns `before` into `after`. Words that differ in capitals or punctuation alone count as the
 * same, and are shown as `after` has them.
 */
export function differences(before: string, after: string): Difference[] {
  const [a, b] = [words(before), words(after)];
  const parts: Difference[] = [];
  const push = (kind: Difference["kind"], some: readonly string[]) => {
    if (some.length > 0) parts.push({ kind, text: some.join(" ") });
  };
  let at = 0;
  for (const { a0, a1, b0, b1 } of regionsOf(a.map(bare), b.map(bare))) {
    push("same", b.slice(at, b0));
    push("removed", a.slice(a0, a1));
    push("added", b.slice(b0, b1));
    at = b1;
  }
  push("same", b.slice(at));
  return parts;
}
