import { expect, test } from "vitest";
import { appendText, joinSeam } from "./seam";

test.each([
  [
    "plain overlap",
    "he walked down the street",
    "down the street to the house",
    "he walked down the street to the house",
  ],
  ["no overlap", "he walked down", "to the house", "he walked down to the house"],
  ["nothing before", "", "to the house", "to the house"],
  ["nothing after", "he walked", " ", "he walked"],
  [
    "the second has not caught up",
    "he walked down the street",
    "walked down",
    "he walked down the street",
  ],
  ["the second says the same", "down the street", "down the street", "down the street"],
  [
    "case and punctuation",
    "Down the street.",
    "the Street, to the house",
    "Down the street, to the house",
  ],
  [
    "a first word that was cut in two",
    "she sells sea shells",
    "ells sea shells on the shore",
    "she sells sea shells on the shore",
  ],
  [
    "a last word that was cut in two",
    "she sells sea she",
    "sells sea shells on the shore",
    "she sells sea shells on the shore",
  ],
  [
    "a word misheard in between",
    "one two three four five",
    "two tree four five six",
    "one two three four five six",
  ],
  [
    "a word that the second missed",
    "one two three four five",
    "two three five six",
    "one two three four five six",
  ],
  ["words said twice", "no no no", "no no yes", "no no no yes"],
  ["one shared small word is no overlap", "over to the", "in the dark", "over to the in the dark"],
  ["apostrophes of either kind", "I don’t know", "don't know why", "I don’t know why"],
  ["characters without spaces", "今天天气很", "天气很好", "今天天气很好"],
  ["other scripts", "Шёл по улице", "по улице домой", "Шёл по улице домой"],
])("%s", (_, before, after, joined) => {
  expect(joinSeam(before, after)).toBe(joined);
});

test("While the second session catches up, what is shown never gets shorter", () => {
  const before = "the old house near the river and waited there for an hour";
  const words = "near the river and waited there for an hour before anyone came home".split(" ");
  let shown = before;
  for (let n = 1; n <= words.length; n += 1) {
    const next = joinSeam(before, words.slice(0, n).join(" "));
    expect(next.startsWith(shown)).toBe(true);
    shown = next;
  }
  expect(shown).toBe(`${before} before anyone came home`);
});

test("Cut anywhere with three words of overlap, a text without repeats comes back whole", () => {
  const words = "a quick brown fox jumps over one lazy dog while two cats watch from afar".split(
    " ",
  );
  for (let cut = 3; cut < words.length; cut += 1) {
    const joined = joinSeam(words.slice(0, cut).join(" "), words.slice(cut - 3).join(" "));
    expect(joined).toBe(words.join(" "));
  }
});

test("Only the neighbourhood of the seam is compared", () => {
  const long = Array.from({ length: 5000 }, (_, n) => `word${n}`).join(" ");
  expect(joinSeam(long, "word4998 word4999 and on")).toBe(`${long} and on`);
});

test.each([
  ["one", "two", "one two"],
  ["one ", "two", "one two"],
  ["one", ", two", "one, two"],
  ["", "two", "two"],
  ["好", "的", "好的"],
])("%j and %j meet as %j", (before, after, whole) => {
  expect(appendText(before, after)).toBe(whole);
});
