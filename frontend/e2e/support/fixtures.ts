/** Recordings that stand in for the microphone, at a rate that microphones have. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readWav, resample, writeWav } from "./wav";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const SAMPLES = join(ROOT, "local_stack", "samples");
export const FIXTURES = join(import.meta.dirname, "..", "..", "dist-e2e", "fixtures");

/** Generated speech of 17.4 s and of 4.8 s, with half a second of silence at both ends. */
export const REFERENCE = join(FIXTURES, "reference.wav");
export const SHORT = join(FIXTURES, "short.wav");
/** As the built page may fetch it. */
export const REFERENCE_URL = "/fixtures/reference.wav";

/** The words of a text, without capitals and punctuation; an engine may write with hyphens. */
export const spoken = (text: string): string[] =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s']/gu, "")
    .split(/\s+/)
    .filter(Boolean);

const words = (name: string) => spoken(readFileSync(join(SAMPLES, name), "utf8"));

export const REFERENCE_WORDS = words("reference.txt");
export const SHORT_WORDS = words("short.txt");

export function makeFixtures(): void {
  mkdirSync(FIXTURES, { recursive: true });
  for (const name of ["reference.wav", "short.wav"]) {
    writeWav(join(FIXTURES, name), resample(readWav(join(SAMPLES, name)), 48_000));
  }
}

/** Words that must be changed, added or taken away to make one text of the other. */
export function wordErrors(reference: readonly string[], text: string): number {
  const heard = spoken(text);
  let row = heard.map((_, j) => j + 1);
  row.unshift(0);
  for (const [i, word] of reference.entries()) {
    const next = [i + 1];
    for (const [j, other] of heard.entries()) {
      next.push(
        Math.min(
          (row[j] ?? 0) + (word === other ? 0 : 1),
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
        ),
      );
    }
    row = next;
  }
  return row[heard.length] ?? 0;
}
