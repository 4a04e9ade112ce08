import { describe, expect, test } from "vitest";
import { measure } from "../audio/measure";
import type { ReferenceAudioState } from "../reference-audio/state";
import { recordedTake } from "../take/take";
import { EMPTY_TRANSCRIPT, type Transcript } from "../transcript/transcript";
import { checkOf, settledBy } from "./check";
import { choicesOf, withReading } from "./Doubts";
import { piecesOf } from "./PlayableTranscript";

const RATE = 8000;
/** Voice in each stretch of seconds, and nothing around it. */
function takeOf(seconds: number, ...voice: (readonly [number, number])[]) {
  const pcm = Int16Array.from({ length: seconds * RATE }, (_, n) =>
    voice.some(([from, to]) => n >= from * RATE && n < to * RATE)
      ? Math.round(6000 * Math.sin(n / 3))
      : (n % 5) - 2,
  );
  const recorded = { pcm: { blocks: [pcm], rate: RATE }, measurement: measure([pcm], RATE) };
  return recordedTake("t", recorded, "t.wav", { minSeconds: 3, maxSeconds: 300 });
}

const READ = "It takes a quarter of an hour to the old house near the river";
const HEARD = "It takes a quarter of an hour to the gold house near the river";
const TAKE = takeOf(6, [0.5, 5.5]);

const state = (transcript: Partial<Transcript>, more: Partial<ReferenceAudioState> = {}) =>
  ({
    take: TAKE,
    read: undefined,
    timed: undefined,
    language: "auto",
    detectedLanguage: "en",
    ...more,
    transcript: { ...EMPTY_TRANSCRIPT, ...transcript },
  }) as ReferenceAudioState;

/** Words of half a second each, from half a second on. */
const timed = (text: string) => ({
  unit: "word" as const,
  parts: text.split(" ").map((word, n) => ({
    text: word,
    start: 0.5 + n * 0.36,
    end: 0.5 + n * 0.36 + 0.34,
  })),
});

describe("Doubts", () => {
  test("a word that was read otherwise is one doubt, at its place, with its time", () => {
    const { open } = checkOf(
      state({ text: HEARD, final: HEARD, draft: HEARD }, { read: READ, timed: timed(HEARD) }),
    );
    expect(open).toHaveLength(1);
    const [place] = open;
    expect(HEARD.slice(place?.start, place?.end)).toBe("gold");
    expect(place?.doubt.start).toBeCloseTo(0.5 + 9 * 0.36);
    expect(place && choicesOf(place)).toEqual([
      { text: "gold", sources: ["final_pass", "live"] },
      { text: "old", sources: ["script"] },
    ]);
  });

  test("offsets are the text area's, whatever comes before", () => {
    const text = `😀 ${HEARD}`;
    const { open } = checkOf(state({ text, final: text }, { read: READ }));
    expect(open.map(({ start, end }) => text.slice(start, end))).toContain("gold");
  });

  test("a place that is settled is none, and a script that was not read says nothing", () => {
    const start = HEARD.indexOf("gold");
    const settled = [{ start, end: start + 4 }];
    expect(checkOf(state({ text: HEARD, final: HEARD, settled }, { read: READ })).open).toEqual([]);
    const other = "The last train leaves at a quarter past nine and we can still buy two tickets";
    const check = checkOf(state({ text: HEARD, final: HEARD }, { read: other }));
    expect(check).toMatchObject({ open: [], script: undefined });
  });

  test.each([
    ["agreement", { text: READ, final: READ, draft: READ }],
    ["ear", { text: READ, final: HEARD, edited: true, settled: [{ start: 38, end: 41 }] }],
    ["script", { text: READ, final: HEARD, edited: true, asWritten: true }],
    [undefined, { text: READ.replace("quarter", "half"), final: READ, edited: true }],
    [undefined, { text: READ, final: READ }],
    [undefined, { text: READ, edited: true }],
  ] as const)("%s is what makes words certain", (by, transcript) => {
    expect(settledBy(state(transcript))).toBe(by);
  });
});

describe("A reading", () => {
  const place = (text: string, word: string, kind: "missing" | "changed" | "extra" = "changed") => {
    const start = text.indexOf(word) + (kind === "missing" ? word.length : 0);
    const end = kind === "missing" ? start : start + word.length;
    return { start, end, doubt: { kind } } as Parameters<typeof withReading>[1];
  };

  test.each([
    ["a gold house.", "gold", "old", "changed", "a old house."],
    ["a very old house", "very", "", "extra", "a old house"],
    ["the old house", "the", "", "extra", "old house"],
    ["an old house.", "house", "", "extra", "an old."],
    ["an house", "an", "old", "missing", "an old house"],
    ["an old", "old", "house", "missing", "an old house"],
    ["古い家", "古い", "の", "missing", "古いの家"],
  ] as const)("%s: %s is %s (%s)", (text, word, reading, kind, expected) => {
    const made = withReading(text, place(text, word, kind), reading);
    expect(made.text).toBe(expected);
    expect(made.text.slice(made.start, made.end)).toBe(reading);
  });
});

describe("What plays", () => {
  test("is each word at its time, also after an edit", () => {
    const text = HEARD.replace("gold", "very old");
    const check = checkOf(state({ text, final: HEARD, edited: true }, { timed: timed(HEARD) }));
    expect(check.guessed).toBe(false);
    const river = check.spoken.at(-1);
    expect(text.slice(river?.start, river?.end)).toBe("river");
    expect(river?.from).toBeCloseTo(0.5 + 13 * 0.36 - 0.36, 0);
    const places = check.spoken.map(({ from }) => from);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("is each segment, where only segments have times", () => {
    const parts = [
      { text: "It takes a quarter of an hour", start: 0.5, end: 2.5 },
      { text: "to the gold house near the river", start: 2.8, end: 5.5 },
    ];
    const { spoken } = checkOf(
      state({ text: HEARD, final: HEARD }, { timed: { unit: "segment", parts } }),
    );
    expect(spoken.map(({ start, end }) => HEARD.slice(start, end))).toEqual(
      parts.map(({ text }) => text),
    );
    expect(spoken[1]).toMatchObject({ from: 2.8, to: 5.5 });
  });

  test("is guessed from where there is voice, where the model tells no times", () => {
    const take = takeOf(8, [1, 3], [5, 7]);
    const { spoken, guessed } = checkOf(state({ text: READ, final: READ }, { take }));
    expect(guessed).toBe(true);
    expect(spoken[0]?.from).toBeCloseTo(1, 1);
    expect(spoken.at(-1)?.to).toBeCloseTo(7, 1);
    expect(spoken.filter(({ from }) => from > 3.1 && from < 4.9)).toEqual([]);
  });

  test("is lit as one piece; a doubt within it is another", () => {
    const lit = { start: 3, end: 11, from: 0, to: 1 };
    const place = { start: 6, end: 8 } as Parameters<typeof piecesOf>[2][number];
    const pieces = piecesOf("0123456789abcdef", lit, [place]);
    expect(pieces.map(({ text, lit: isLit }) => [text, isLit])).toEqual([
      ["012", false],
      ["345", true],
      ["67", true],
      ["89a", true],
      ["bcdef", false],
    ]);
    expect(pieces[2]?.place).toBe(place);
  });
});

test("Voice that nothing is written for is told with its seconds", () => {
  const take = takeOf(12, [0.5, 5.5], [6.5, 10]);
  const { coverage } = checkOf(state({ text: HEARD, final: HEARD }, { take, timed: timed(HEARD) }));
  expect(coverage).toHaveLength(1);
  expect(coverage[0]).toMatchObject({ kind: "after_last_word" });
  expect(coverage[0]?.end).toBeCloseTo(10, 1);
  expect(coverage[0]?.start).toBeGreaterThan(5);
});
