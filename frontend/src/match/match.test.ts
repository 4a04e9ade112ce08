/** The cases of a text beside its witnesses, which the service runs as well. */
import { expect, test } from "vitest";
import vectors from "../../../tests/vectors/match.json";
import type { Witness } from "../generated/protocol";
import { levelsOf, stretchesOf } from "./levels";
import { match } from "./match";
import { numerals } from "./numerals";
import type { Span, Timed } from "./times";
import { propose } from "./window";
import { split } from "./words";

type Row = readonly [string, number, number];
interface Case {
  law: string;
  language: string;
  text: string;
  witnesses: { witness: Witness; text: string; words?: Row[]; segments?: Row[] }[];
  voice?: { seconds: number; stretches?: (readonly [number, number])[] };
  is: unknown;
}

const timed = (rows: Row[] | undefined): Timed[] | undefined =>
  rows?.map(([text, start, end]) => ({ text, start, end }));

test.each(vectors.words)("Words: $law", ({ text, words }) => {
  expect(split(text).map(({ key, start, end }) => [key, start, end])).toEqual(words);
});

test.each(vectors.matches as unknown as Case[])("$law", (each) => {
  const witnesses = each.witnesses.map(({ witness, text, words, segments }) => ({
    witness,
    text,
    words: timed(words),
    segments: timed(segments),
  }));
  const voice = each.voice && {
    seconds: each.voice.seconds,
    stretches: each.voice.stretches?.map(([start, end]): Span => ({ start, end })),
  };
  expect(match(each.text, witnesses, { language: each.language, voice })).toEqual(each.is);
});

test.each(vectors.numerals)("Numerals: $number in $language", ({ number, language, is }) => {
  expect(numerals(number, language)).toEqual(is);
});

const thousandths = (value: number) => Math.round(value * 1000) / 1000;

test.each(vectors.windows)("Windows: $law", ({ rate, parts, min, max, is }) => {
  const blocks = parts.map((part) => {
    const [seconds = 0, amplitude = 0] = part;
    const wave = (_: unknown, at: number) => amplitude * (1 - 2 * (Math.floor(at / 8) % 2));
    return Int16Array.from({ length: Math.round(seconds * rate) }, wave);
  });
  const floats = blocks.map((block) => Float32Array.from(block, (one) => one / 32_768));
  for (const samples of [blocks, floats]) {
    const levels = levelsOf(samples, rate);
    const window = propose(levels, min, max);
    expect({
      threshold: thousandths(levels.threshold),
      stretches: stretchesOf(levels).map(({ start, end }) => [start, end].map(thousandths)),
      window: window ? [window.start, window.end].map(thousandths) : null,
    }).toEqual(is);
  }
});
