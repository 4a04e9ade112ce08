/** The cases of a text beside its witnesses, which the service runs as well. */
import { expect, test } from "vitest";
import vectors from "../../../tests/vectors/match.json";
import type { Witness } from "../generated/protocol";
import { match } from "./match";
import type { Span, Timed } from "./times";
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
