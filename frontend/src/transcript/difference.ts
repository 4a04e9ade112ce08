/** Differences between two texts, word by word, for the eye. */

export interface Difference {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Texts are at most some minutes of speech; beyond this the table would be large for no use. */
const MAX_WORDS = 2000;

const words = (text: string) => text.match(/\S+/g) ?? [];
const bare = (word: string) => word.toLocaleLowerCase("en").replace(/[^\p{L}\p{N}]/gu, "") || word;

/**
 * What turns `before` into `after`, by the longest common subsequence of words. Words that differ
 * in capitals or punctuation alone count as the same, and are shown as `after` has them.
 */
export function differences(before: string, after: string): Difference[] {
  const a = words(before).slice(0, MAX_WORDS);
  const b = words(after).slice(0, MAX_WORDS);
  const left = a.map(bare);
  const right = b.map(bare);
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] as number;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }

  const parts: { kind: Difference["kind"]; words: string[] }[] = [];
  const push = (kind: Difference["kind"], word: string | undefined) => {
    const last = parts.at(-1);
    if (last?.kind === kind) last.words.push(word ?? "");
    else parts.push({ kind, words: [word ?? ""] });
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && left[i] === right[j]) {
      push("same", b[j]);
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      push("removed", a[i]);
      i += 1;
    } else {
      push("added", b[j]);
      j += 1;
    }
  }
  return parts.map(({ kind, words: each }) => ({ kind, text: each.join(" ") }));
}
