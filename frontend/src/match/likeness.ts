/**
 * How alike two words sound, roughly and in any language.
 *
 * `transcription/match/likeness.py` is the same in Python.
 */

/** Longer ones are no misheard word. */
const MAX_LETTERS = 60;
/** What is written in more than one way, in English above all. */
const SPELLINGS: readonly (readonly [string, string])[] = [
  ["tch", "C"],
  ["sch", "S"],
  ["ch", "C"],
  ["sh", "S"],
  ["ph", "f"],
  ["th", "0"],
  ["ck", "k"],
  ["ght", "t"],
  ["gh", ""],
  ["kn", "n"],
  ["wr", "r"],
  ["wh", "w"],
  ["qu", "kw"],
  ["x", "ks"],
  ["ce", "se"],
  ["ci", "si"],
  ["cy", "si"],
  ["c", "k"],
  ["q", "k"],
  ["dg", "j"],
  ["z", "s"],
  ["mb$", "m"],
  ["e$", ""],
];
/** Sounds that are taken for one another. */
const NEAR = ["aeiouyw", "bp", "dt0", "gk", "fv", "sSCj", "mn", "lr", "hw"];
const NEAR_COST = 0.4;

/** A word as it roughly sounds, one letter for each sound. */
function sound(key: string): string {
  let plain = key.normalize("NFD").replace(/\p{Mn}/gu, "");
  for (const [written, said] of SPELLINGS) {
    if (!written.endsWith("$")) plain = plain.replaceAll(written, said);
    else if (plain.endsWith(written.slice(0, -1)) && plain.length > written.length) {
      plain = plain.slice(0, 1 - written.length) + said;
    }
  }
  return plain.replace(/(.)\1+/gu, "$1");
}

/** How alike two runs of words, their keys joined, sound: 1 the same, 0 not at all. */
export function likeness(one: string, other: string): number {
  if (Array.from(one).length > MAX_LETTERS || Array.from(other).length > MAX_LETTERS) {
    return one === other ? 1 : 0;
  }
  const a = Array.from(sound(one));
  const b = Array.from(sound(other));
  const longer = Math.max(a.length, b.length);
  if (longer === 0) return 1;
  const row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, left] of a.entries()) {
    let before = row[0] as number;
    row[0] = i + 1;
    for (const [j, right] of b.entries()) {
      const changed = before + cost(left, right);
      before = row[j + 1] as number;
      row[j + 1] = Math.min(changed, before + 1, (row[j] as number) + 1);
    }
  }
  return 1 - (row[b.length] as number) / longer;
}

function cost(one: string, other: string): number {
  if (one === other) return 0;
  return NEAR.some((near) => near.includes(one) && near.includes(other)) ? NEAR_COST : 1;
}
