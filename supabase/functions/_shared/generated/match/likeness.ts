/**
 * How unlike two runs of words sound, roughly: what a recogniser takes for one another is alike.
 *
 * `transcription/match/likeness.py` is the same in Python. Costs and limits are measured:
 * `bench/exactness.py`.
 */
import { IRREGULAR, SPELLINGS } from "../spoken.ts";

/** Longer ones are no misheard word. */
const MAX_LETTERS = 60;
/** More are not searched for words that were put in. */
const MAX_WORDS = 12;
/** A word that is as short as this may be a part of another. */
const WORD_COST = 1.25;
/** A word that is as long as this is no part of another. */
const LONG_WORD_COST = 2;
/** Beyond both a word that stands among others is another word, alike as the others may be. */
const ANOTHER_COST = 1.5;
const ANOTHER_SHARE = 0.72;
/** What a word that was put in may have in common with its neighbours. */
const WORD_SLACK = 0.2;
const VOWELS = "aeiouyаеиоуыэюяієαειουωη";
const GLIDES = "hwrlхрлρλ";
/** Sounds that are taken for one another. */
const NEAR = [
  ...["bp", "dt0", "gk", "fv", "sSCj", "mn", "lrw"],
  ...["бп", "дт", "гкх", "вф", "зсц", "жшщч", "мн", "лр"],
];
const CHANGED = { vowel: 0.2, near: 0.4, other: 0.9, kind: 1.3 };
const ALONE = { vowel: 0.4, glide: 0.4, other: 0.8 };
/** Less than this any word may be misheard by. */
const MISHEARD_COST = 1;
/** Less than this of what is said may be misheard. */
const MISHEARD_SHARE = 0.6;
/** The same, where it was heard as more words, or as fewer. */
const MISHEARD_PARTED_SHARE = 0.7;

/** How far two sounds are from one another. */
export interface Unlikeness {
  /** Of turning one into the other; about 1 for a consonant. */
  readonly cost: number;
  /** Of the longer one, up to 1. */
  readonly share: number;
}

/** Whether a recogniser may have taken one run of words for the other. */
export function mayBeMisheard(said: readonly string[], heard: readonly string[]): boolean {
  const { cost, share } = unlikeness(sound(said), sound(heard));
  if (holdsMore(said, heard, cost) || holdsMore(heard, said, cost)) return false;
  const isAnother = (word: string, at: number) => {
    const pair = unlikeness(sound([word]), sound([heard[at] as string]));
    return pair.cost > ANOTHER_COST && pair.share > ANOTHER_SHARE;
  };
  if (said.length > 1 && said.length === heard.length && said.some(isAnother)) return false;
  const most = said.length === heard.length ? MISHEARD_SHARE : MISHEARD_PARTED_SHARE;
  return cost <= MISHEARD_COST || share <= most;
}

/** Whether one run of words, so far from the other, sounds like it with whole words put in. */
function holdsMore(more: readonly string[], less: readonly string[], cost: number): boolean {
  if (more.length > MAX_WORDS) return false;
  const target = sound(less);
  for (let count = 1; count <= more.length - less.length; count += 1) {
    for (let at = 0; at + count <= more.length; at += 1) {
      const putIn = Array.from(sound(more.slice(at, at + count)));
      const price = putIn.reduce((sum, one) => sum + alone(one), 0);
      // It is no whole word, or its sounds are in the other run
      const isWord = price > WORD_COST && price <= cost + WORD_SLACK;
      if (!isWord && price < LONG_WORD_COST) continue;
      const rest = sound([...more.slice(0, at), ...more.slice(at + count)]);
      if (unlikeness(rest, target).cost <= MISHEARD_COST) return true;
    }
  }
  return false;
}

/** Words as they roughly sound, one letter for each sound, by English spelling. */
export function sound(keys: readonly string[]): string {
  return keys
    .map(soundOf)
    .join("")
    .replace(/(.)\1+/gu, "$1");
}

function soundOf(key: string): string {
  const irregular: Readonly<Record<string, string>> = IRREGULAR;
  if (Object.hasOwn(irregular, key)) return irregular[key] as string;
  let plain = key.normalize("NFD").replace(/\p{Mn}/gu, "");
  for (const [written, said] of SPELLINGS) plain = plain.replaceAll(written, said);
  if (plain.length > 3 && plain.endsWith("ed")) plain = `${plain.slice(0, -2)}d`;
  else if (plain.length > 3 && plain.endsWith("e")) plain = plain.slice(0, -1);
  return plain.endsWith("mb") ? plain.slice(0, -1) : plain;
}

/** How far two sounds are from one another. */
export function unlikeness(one: string, other: string): Unlikeness {
  const a = Array.from(one);
  const b = Array.from(other);
  if (a.length > MAX_LETTERS || b.length > MAX_LETTERS) {
    return one === other ? { cost: 0, share: 0 } : { cost: MAX_LETTERS, share: 1 };
  }
  const row = [0];
  for (const right of b) row.push((row.at(-1) as number) + alone(right));
  let longer = row.at(-1) as number;
  for (const left of a) {
    let before = row[0] as number;
    row[0] = before + alone(left);
    for (const [j, right] of b.entries()) {
      const changed = before + change(left, right);
      before = row[j + 1] as number;
      row[j + 1] = Math.min(changed, before + alone(left), (row[j] as number) + alone(right));
    }
  }
  longer = Math.max(longer, row[0] as number);
  const cost = row.at(-1) as number;
  return { cost, share: longer > 0 ? Math.min(1, cost / longer) : 0 };
}

function alone(one: string): number {
  if (VOWELS.includes(one)) return ALONE.vowel;
  return GLIDES.includes(one) ? ALONE.glide : ALONE.other;
}

const isAscii = (one: string) => (one.codePointAt(0) ?? 0) < 128;

function change(one: string, other: string): number {
  if (one === other) return 0;
  const vowels = Number(VOWELS.includes(one)) + Number(VOWELS.includes(other));
  if (vowels === 2) return CHANGED.vowel;
  if (NEAR.some((near) => near.includes(one) && near.includes(other))) return CHANGED.near;
  return vowels > 0 || !(isAscii(one) && isAscii(other)) ? CHANGED.kind : CHANGED.other;
}
