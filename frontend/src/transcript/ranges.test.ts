import { expect, test } from "vitest";
import { settledAfter, touches } from "./ranges";

const of = (text: string, word: string) => {
  const start = text.indexOf(word);
  return { start, end: start + word.length };
};
const words = (text: string, ranges: readonly { start: number; end: number }[]) =>
  ranges.map(({ start, end }) => text.slice(start, end));

const TEXT = "He walked down the street to the old house.";

test("A settled place stays with its word, wherever the text is edited", () => {
  const settled = [of(TEXT, "street")];
  for (const after of [
    "Then he walked down the street to the old house.",
    "He walked down the street to the very old house.",
    "He walked down the street to",
    "down the street to the old house.",
  ]) {
    expect(words(after, settledAfter(TEXT, after, settled, []))).toEqual(["street"]);
  }
});

test("An edit settles the open place it is made in, and no other", () => {
  const open = [of(TEXT, "street"), of(TEXT, "old")];
  const after = TEXT.replace("street", "lane");
  expect(words(after, settledAfter(TEXT, after, [], open))).toEqual(["lane"]);
  const other = TEXT.replace("walked", "ran");
  expect(settledAfter(TEXT, other, [], open)).toEqual([]);
});

test("A word put in where one was missing is settled", () => {
  const at = of(TEXT, "walked").end;
  const after = TEXT.replace("walked", "walked slowly");
  const [range] = settledAfter(TEXT, after, [], [{ start: at, end: at }]);
  expect(range && after.slice(range.start, range.end).trim()).toBe("slowly");
});

test("What is unchanged changes nothing", () => {
  const settled = [of(TEXT, "old")];
  expect(settledAfter(TEXT, TEXT, settled, [of(TEXT, "He")])).toBe(settled);
  expect(touches({ start: 3, end: 5 }, { start: 5, end: 5 })).toBe(true);
  expect(touches({ start: 3, end: 5 }, { start: 6, end: 7 })).toBe(false);
});
