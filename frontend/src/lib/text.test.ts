/** The rule of text, with the cases that Python and Deno run as well. */
import { expect, test } from "vitest";
import vectors from "../../../tests/vectors/text.json";
import { cleanText } from "./text";

type Case = { text: string; in_a_line: boolean; is?: string; refused?: string };

test.each(vectors as Case[])("%j", ({ text, in_a_line, is, refused }) => {
  const kept = cleanText(text, in_a_line ? "line" : "lines");
  if (refused === undefined) {
    expect(kept).toEqual({ text: is, length: [...(is ?? "")].length });
  } else {
    expect(kept.text).toBe("");
    expect(refused).toContain(`holds ${kept.fault}`);
  }
});
