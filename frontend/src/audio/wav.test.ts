import { expect, test } from "vitest";
import { encodeWav } from "./wav";

test("A WAV says what it holds and holds every sample in order", async () => {
  const blob = encodeWav([Int16Array.of(1, -2, 3), Int16Array.of(-32_768, 32_767)], 44_100);
  const bytes = await blob.arrayBuffer();
  const view = new DataView(bytes);
  const ascii = (from: number, to: number) => new TextDecoder().decode(bytes.slice(from, to));
  expect(blob.type).toBe("audio/wav");
  expect(bytes.byteLength).toBe(54);
  expect([ascii(0, 4), ascii(8, 16), ascii(36, 40)]).toEqual(["RIFF", "WAVEfmt ", "data"]);
  expect(view.getUint32(4, true)).toBe(46);
  expect(view.getUint32(16, true)).toBe(16);
  expect(view.getUint16(20, true)).toBe(1);
  expect(view.getUint16(22, true)).toBe(1);
  expect(view.getUint32(24, true)).toBe(44_100);
  expect(view.getUint32(28, true)).toBe(88_200);
  expect(view.getUint16(32, true)).toBe(2);
  expect(view.getUint16(34, true)).toBe(16);
  expect(view.getUint32(40, true)).toBe(10);
  const samples = [0, 1, 2, 3, 4].map((n) => view.getInt16(44 + 2 * n, true));
  expect(samples).toEqual([1, -2, 3, -32_768, 32_767]);
});

test("An empty recording is a valid header and nothing else", async () => {
  const bytes = await encodeWav([], 48_000).arrayBuffer();
  expect(bytes.byteLength).toBe(44);
  expect(new DataView(bytes).getUint32(40, true)).toBe(0);
});
