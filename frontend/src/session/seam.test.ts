import { expect, test } from "vitest";
import vectors from "../../../tests/vectors/seam.json";
import { follow, joinGrowing, joinSeam } from "./seam";

test.each(vectors)("$note", ({ old, new: recent, joined }) => {
  expect(joinSeam(old, recent)).toBe(joined);
});

test("While the second session catches up, what is shown never gets shorter", () => {
  const old = "the old house near the river and waited there for an hour";
  const words = "ear the river and waited there for an hour before his sister came home".split(" ");
  let shown = old;
  for (let n = 1; n <= words.length; n += 1) {
    const next = joinGrowing(old, words.slice(0, n).join(" "));
    expect(next.startsWith(shown)).toBe(true);
    shown = next;
  }
  expect(shown).toBe(`${old} before his sister came home`);
});

test("A seam that cannot be found holds the new words back only for a moment", () => {
  const recent = "und dann ging er nach Hause zu Fuß".split(" ");
  expect(joinGrowing("one two", recent.slice(0, 7).join(" "))).toBe("one two");
  expect(joinGrowing("one two", recent.join(" "))).toBe(`one two ${recent.join(" ")}`);
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

test.each([79, 81, 159, 200, 300])("An overlap of %i words gives the whole", (overlap) => {
  const letters = "bcdfghjklmnpqrstvwxz";
  const words = Array.from({ length: 390 }, (_, n) =>
    [letters[n % 20], "aeiou"[n % 5], letters[(n * 7 + Math.floor(n / 20)) % 20]].join(""),
  );
  const joined = joinSeam(words.slice(0, 350).join(" "), words.slice(350 - overlap).join(" "));
  expect(joined).toBe(words.join(" "));
});

test("Only the neighbourhood of the seam is compared", () => {
  const long = Array.from({ length: 5000 }, (_, n) => `word${n}`).join(" ");
  expect(joinSeam(long, "word4998 word4999 and on")).toBe(`${long} and on`);
});

test.each([
  ["one", "two", "one two"],
  ["one ", "two", "one two"],
  ["one", ", two", "one , two"],
  ["one", "…", "one…"],
  ["", "two", "two"],
  ["好", "的", "好的"],
])("%j and %j follow one another as %j", (old, recent, whole) => {
  expect(follow(old, recent)).toBe(whole);
});
