import { expect, test } from "vitest";
import {
  EMPTY_TRANSCRIPT,
  machineText,
  reduceTranscript,
  type Transcript,
  type TranscriptAction,
  transcriptSource,
} from "./transcript";

const after = (...actions: TranscriptAction[]): Transcript =>
  actions.reduce(reduceTranscript, EMPTY_TRANSCRIPT);

const draft = (text: string) => ({ type: "draft", text }) as const;
const edit = (text: string) => ({ type: "edit", text }) as const;
const final = (text: string) => ({ type: "final", text }) as const;

test("Live words fill the box until the final pass replaces them, and stay for comparison", () => {
  const state = after(draft("he wal"), draft("he walked"), final("He walked."));
  expect(state).toMatchObject({ text: "He walked.", draft: "he walked", offered: false });
  expect(transcriptSource(state)).toBe("final_pass");
});

test("A late result never overwrites an edit: it is offered", () => {
  const state = after(draft("he walked"), edit("She walked."), final("He walked."));
  expect(state).toMatchObject({ text: "She walked.", offered: true, final: "He walked." });
  expect(transcriptSource(state)).toBe("edited");
  expect(machineText(state)).toBe("He walked.");
});

test("Live words go on behind an edit, and do not touch it", () => {
  const state = after(draft("he"), edit("She"), draft("he walked"));
  expect(state).toMatchObject({ text: "She", draft: "he walked" });
});

test("Live words that come after the final pass change nothing in the box", () => {
  expect(after(draft("he"), final("He walked."), draft("he walked"))).toMatchObject({
    text: "He walked.",
    draft: "he walked",
  });
});

test("An offer is taken or turned down, by the person alone", () => {
  const offered = [draft("a"), edit("My words"), final("Its words")] as const;
  expect(after(...offered, { type: "accept" })).toMatchObject({
    text: "Its words",
    edited: false,
    offered: false,
  });
  expect(after(...offered, { type: "dismiss" })).toMatchObject({
    text: "My words",
    offered: false,
  });
});

test("A final text that says what the person wrote is not offered", () => {
  expect(after(edit("He walked. "), final("He walked.")).offered).toBe(false);
});

test("An edit that was taken back to nothing protects nothing", () => {
  expect(after(edit("x"), edit(" "), final("He walked."))).toMatchObject({ text: "He walked." });
});

test("Accepting what is not there changes nothing", () => {
  const state = after(edit("x"));
  expect(reduceTranscript(state, { type: "accept" })).toBe(state);
});

test.each([
  ["typed", [edit("by hand")]],
  ["live", [draft("words")]],
  ["final_pass", [draft("words"), final("Words.")]],
  ["edited", [draft("words"), edit("Words!")]],
  ["edited", [final("Words."), edit("Words!")]],
] as const)("The source is told as %s", (source, actions) => {
  expect(transcriptSource(after(...actions))).toBe(source);
});
