import { expect, test } from "vitest";
import { TRANSCRIPTION } from "../testing/fake-services";
import { timesOf, timesWithin } from "./timed";

const words = [
  { text: "He", start: 0.5, end: 0.8 },
  { text: "walked", start: 0.9, end: 1.5 },
  { text: "down", start: 1.5, end: 2 },
];

test("Times are those of words where an answer has them, of segments else", () => {
  const segments = [{ text: "He walked down", start: 0.5, end: 2 }];
  expect(timesOf({ ...TRANSCRIPTION, words, segments })).toEqual({ unit: "word", parts: words });
  expect(timesOf({ ...TRANSCRIPTION, segments })?.unit).toBe("segment");
  expect(timesOf(TRANSCRIPTION)).toBeUndefined();
  expect(timesOf({ ...TRANSCRIPTION, words: [] })).toBeUndefined();
  expect(timesOf({ ...TRANSCRIPTION, words: [...words, { text: "late" }] })).toBeUndefined();
});

test("A cut keeps what is mostly within it, timed from its own beginning", () => {
  const cut = timesWithin({ unit: "word", parts: words }, { from: 1, to: 1.7 });
  expect(cut.parts.map(({ text }) => text)).toEqual(["walked"]);
  expect(cut.parts[0]?.start).toBe(0);
  expect(cut.parts[0]?.end).toBeCloseTo(0.5);
});
