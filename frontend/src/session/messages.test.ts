import { expect, test } from "vitest";
import { parseServerMessage, startMessage } from "./messages";

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

test("A start asks for what was chosen, in the words of the wire", () => {
  const speakerReferences = [{ name: "Ann", audio: "UklGRg==" }];
  const speakers = JSON.parse(startMessage({ diarize: true, speakerReferences }, "t", undefined));
  expect(speakers).toMatchObject({ diarize: true, speaker_references: speakerReferences });
  const turnDetection = { min_silence_ms: 300 };
  const turns = JSON.parse(startMessage({ turnDetection }, "t", undefined));
  expect(turns).toMatchObject({ turn_detection: turnDetection });
  expect(turns).not.toHaveProperty("diarize");
});
