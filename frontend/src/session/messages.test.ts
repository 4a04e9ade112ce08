import { expect, test } from "vitest";
import { parseServerMessage } from "./messages";

test.each([
  '{"type":"delta","text":"a"}',
  '{"type":"segment","text":"a","start":0,"end":1.5,"speaker":"speaker_1"}',
  '{"type":"segment","text":"a"}',
  '{"type":"turn","event":"end","at":1.5}',
  '{"type":"turn","event":"end","end_reason":"boredom"}',
  '{"type":"ack","audio_ms":100,"unknown":true}',
  '{"type":"error","code":"capacity","message":"…","retryable":true}',
])("%s is taken", (data) => {
  expect(parseServerMessage(data)).toEqual(JSON.parse(data));
});

test.each(
  [
    ["", new ArrayBuffer(2), "{", "null", "[]", '"delta"', '{"type":1}', '{"type":"toString"}'],
    ['{"type":"novelty"}', '{"type":"delta"}', '{"type":"ack","audio_ms":"1"}'],
  ].flat(),
)("%s is ignored", (data) => {
  expect(parseServerMessage(data)).toBeUndefined();
});
