import { beforeEach, expect, test } from "vitest";
import { Hearing, isLoud, STALL_SECONDS } from "./hearing";

const RATE = 16_000;
const SECOND = new Int16Array(RATE);
const quiet = SECOND;
const of = (peak: (n: number) => number) =>
  Int16Array.from(SECOND, (_, n) => (n % 2 ? peak(n) : -peak(n)));
const voice = of((n) => (n % 3200 < 1600 ? 3000 : 300));
const noise = of(() => 412); // -38 dBFS
const BYTES = 100;

let hearing: Hearing;
beforeEach(() => {
  hearing = new Hearing(RATE, 0);
});

const speak = (pcm: Int16Array, times = 1) => {
  for (let n = 0; n < times; n += 1) hearing.hand(pcm, BYTES);
};

test("Steady noise is no voice, however long, and speech after it is", () => {
  speak(noise, 60);
  hearing.left(0);
  expect(hearing.isStalled(60_000)).toBe(false);
  expect(hearing.heard).toBe(60 * RATE);
  speak(voice, STALL_SECONDS + 5);
  hearing.left(0);
  expect(hearing.isStalled(80_000)).toBe(true);
});

test("Speech is loud, a quiet room is none, nor is nothing", () => {
  expect(isLoud(voice)).toBe(true);
  expect(isLoud(Int16Array.from(SECOND, (_, n) => (n % 2 ? 60 : -60)))).toBe(false);
  expect(isLoud(new Int16Array(0))).toBe(false);
});

test("What the socket still holds is not taken, a piece that is half out neither", () => {
  speak(quiet, 3);
  expect(hearing.left(250)).toBe(false);
  expect(hearing.left(150)).toBe(true);
  expect([hearing.handed, hearing.taken]).toEqual([3 * RATE, RATE]);
  expect(hearing.left(0)).toBe(true);
  expect(hearing.left(0)).toBe(false);
  expect(hearing.taken).toBe(3 * RATE);
});

test("Voice counts as heard with the next word of the provider's, silence at once", () => {
  speak(quiet, 2);
  speak(voice, 3);
  speak(quiet, 2);
  hearing.left(0);
  expect(hearing.heard).toBe(2 * RATE);
  hearing.sign(100);
  expect(hearing.heard).toBe(7 * RATE);
});

test("What a word cannot have been an answer to is not heard by it", () => {
  speak(voice, 4);
  hearing.left(2 * BYTES);
  hearing.sign(100);
  expect(hearing.heard).toBe(2 * RATE);
});

test("Voice without a word for long is a stall; silence is none, and a word begins it anew", () => {
  const long = STALL_SECONDS * 1000;
  speak(quiet, 60);
  hearing.left(0);
  expect(hearing.isStalled(60_000)).toBe(false);
  speak(voice, STALL_SECONDS);
  hearing.left(0);
  expect(hearing.isStalled(long - 1)).toBe(false); // a backlog is sent faster than it was spoken
  expect(hearing.isStalled(long)).toBe(true);
  hearing.sign(long);
  expect(hearing.isStalled(3 * long)).toBe(false);
});
