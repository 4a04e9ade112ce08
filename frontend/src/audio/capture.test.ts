import { expect, test } from "vitest";
import { Capture, type CaptureMessage } from "./capture";
import { toInt16 } from "./pcm";

function record(keptRate: number, inputRate: number, samples: Float32Array) {
  const messages: CaptureMessage[] = [];
  const capture = new Capture({ inputRate, keptRate }, (message) => messages.push(message));
  capture.push(samples); // Before `run`: not ours.
  capture.command("run");
  for (let at = 0; at < samples.length; at += 128) capture.push(samples.subarray(at, at + 128));
  capture.command("flush");
  capture.push(samples); // After the flush: not ours.
  const of = (type: "block" | "frame") =>
    messages.flatMap((message) => (message.type === type ? [message] : []));
  return { messages, blocks: of("block"), frames: of("frame") };
}

const ramp = (length: number) =>
  Float32Array.from({ length }, (_, n) => Math.fround(((n % 2000) - 1000) / 32_768));

test("Kept samples are the microphone's own, bit for bit, with nothing lost at the end", () => {
  const samples = ramp(48_000 + 77);
  const { blocks, messages } = record(48_000, 48_000, samples);
  const kept = blocks.flatMap((block) => [...block.pcm]);
  expect(kept).toEqual([...samples].map(toInt16));
  expect(blocks[0]?.pcm.length).toBe(2400);
  expect(messages.at(-1)).toEqual({ type: "flushed" });
});

test("The live stream comes in frames of 100 ms, the rest in the last one", () => {
  const { frames } = record(44_100, 44_100, ramp(44_100 + 441));
  expect(frames.map((frame) => frame.pcm.length)).toEqual([...new Array(10).fill(1600), 160]);
});

test("A rate above 48 kHz is kept at 48 kHz", () => {
  const { blocks } = record(48_000, 96_000, new Float32Array(96_000));
  expect(blocks.reduce((sum, block) => sum + block.pcm.length, 0)).toBe(48_000);
});

test("Levels are those of the block", () => {
  const square = Float32Array.from({ length: 2400 }, (_, n) => (n % 2 ? 0.5 : -0.5));
  const { blocks } = record(48_000, 48_000, square);
  expect(blocks).toHaveLength(1);
  expect(blocks[0]).toMatchObject({ peak: 0.5, rms: 0.5 });
});

test("A flush without a run says so and tells nothing else", () => {
  const messages: CaptureMessage[] = [];
  const capture = new Capture({ inputRate: 48_000, keptRate: 48_000 }, (m) => messages.push(m));
  capture.command("flush");
  expect(messages).toEqual([{ type: "flushed" }]);
});

test("Samples beyond full scale are held at it", () => {
  expect([toInt16(1), toInt16(2), toInt16(-1), toInt16(-2), toInt16(0)]).toEqual([
    32_767, 32_767, -32_768, -32_768, 0,
  ]);
});
