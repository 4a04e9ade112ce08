import { expect, test } from "vitest";
import { differences } from "./difference";

const marked = (before: string, after: string) =>
  differences(before, after)
    .map(({ kind, text }) => ({ same: text, removed: `-${text}-`, added: `+${text}+` })[kind])
    .join(" ");

test.each([
  ["the same", "he walked", "he walked", "he walked"],
  ["another word", "he walked down", "she walked down", "-he- +she+ walked down"],
  [
    "capitals and punctuation are not told",
    "he walked down",
    "He walked, down.",
    "He walked, down.",
  ],
  ["more at the end", "he walked", "he walked down the street", "he walked +down the street+"],
  ["all gone", "he walked", "", "-he walked-"],
  ["all new", "", "he walked", "+he walked+"],
  ["nothing", "", "", ""],
  ["marks alone are words", "a – b", "a b", "a -–- b"],
])("%s", (_, before, after, wanted) => {
  expect(marked(before, after)).toBe(wanted);
});
