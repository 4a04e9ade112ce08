import { expect, test } from "vitest";
import { ERRORS } from "../../generated/constants";
import { appendMessage, FAILURES, parseProviderEvent } from "./mistral";

const parse = (event: unknown) => parseProviderEvent(JSON.stringify(event));

test("Each event is told in our words, and an unknown one is a sign of life", () => {
  expect(parse({ type: "session.created", session: {} })).toEqual({ type: "created" });
  expect(parse({ type: "transcription.text.delta", text: " a" })).toEqual({
    type: "delta",
    text: " a",
  });
  expect(parse({ type: "transcription.language", audio_language: "en" })).toEqual({
    type: "language",
    language: "en",
  });
  expect(parse({ type: "transcription.done", text: "a b", language: null, usage: {} })).toEqual({
    type: "done",
    text: "a b",
  });
  expect(
    parse({ type: "transcription.segment", text: " a", start: 1, end: 0, speaker_id: "s1" }),
  ).toEqual({ type: "segment", text: " a", start: 1, end: 1, speaker: "s1" });
  expect(parse({ type: "turn.eager_end", time_s: 2.5 })).toEqual({
    type: "turn",
    event: "eager_end",
    at: 2.5,
  });
  expect(parse({ type: "transcription.segment", text: "a", end: "soon", score: 0.5 })).toEqual({
    type: "segment",
    text: "a",
    score: 0.5,
  });
  expect(parse({ type: "turn.end", end_reason: "boredom" })).toEqual({
    type: "turn",
    event: "end",
    end_reason: "boredom",
  });
  for (const type of ["session.updated", "transcription.segment", "turn.over", "new"]) {
    expect(parse({ type })).toEqual({ type: "other" });
  }
});

test("What is no event is passed over, and one that lacks its text breaks nothing", () => {
  for (const data of ["{", "[]", "null", "3", '{"type":3}', new ArrayBuffer(2), undefined]) {
    expect(parseProviderEvent(data)).toBeUndefined();
  }
  expect(parse({ type: "transcription.text.delta" })).toEqual({ type: "other" });
  expect(parse({ type: "transcription.language", audio_language: 3 })).toEqual({ type: "other" });
  expect(parse({ type: "transcription.done" })).toMatchObject({ type: "error" });
});

test.each([
  [429, "provider_rate_limited"],
  [422, "provider_rejected"],
  [400, "provider_rejected"],
  [401, "provider_unavailable"],
  [3000, "provider_unavailable"],
  ["422", "provider_unavailable"],
  [undefined, "provider_unavailable"],
])("An error with code %s is %s, whatever shape its message has", (code, told) => {
  for (const message of ["words", { detail: [{ msg: "words" }] }, undefined]) {
    expect(parse({ type: "error", error: { message, code } })).toEqual({
      type: "error",
      code: told,
    });
  }
  expect(parse({ type: "error", error: null })).toMatchObject({ code: "provider_unavailable" });
});

test("Audio goes as base64 of its bytes, of a part of a buffer too, and of a long one", () => {
  const all = Int16Array.from({ length: 40_000 }, (_, n) => n - 20_000);
  for (const pcm of [all.subarray(3, 7), all]) {
    const { audio, type } = JSON.parse(appendMessage(pcm));
    const bytes = Buffer.from(audio, "base64");
    expect(type).toBe("input_audio.append");
    expect(bytes.length).toBe(pcm.byteLength);
    expect(pcm.every((sample, n) => bytes.readInt16LE(2 * n) === sample)).toBe(true);
  }
});

test("The provider's failures are those rows of the table of codes", () => {
  for (const [name, { code, message, retryable }] of Object.entries(FAILURES)) {
    expect(code).toBe(name);
    expect([message, retryable]).toEqual([`${ERRORS[code].title}.`, ERRORS[code].retryable]);
  }
});
