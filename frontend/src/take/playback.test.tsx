import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TakePlayback } from "./playback";
import type { Take } from "./take";

const TAKE = {
  id: "t",
  kind: "recording",
  file: new File(["x"], "t.wav"),
  seconds: 12,
  measurement: undefined,
  verdicts: [],
  pcm: undefined,
} satisfies Take;

let sound: HTMLAudioElement;
let frame: (() => void) | undefined;
beforeEach(() => {
  vi.spyOn(globalThis, "Audio").mockImplementation(function make() {
    sound = document.createElement("audio");
    sound.play = async () => void sound.dispatchEvent(new Event("play"));
    sound.pause = () => void sound.dispatchEvent(new Event("pause"));
    return sound;
  });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => {
    frame = run;
    return 1;
  });
  vi.stubGlobal("cancelAnimationFrame", () => {
    frame = undefined;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("A part is played to its end, and stands at its beginning then", () => {
  const playback = new TakePlayback(TAKE);
  playback.subscribe(() => {});
  playback.play(2, { from: 1, to: 4 });
  expect(playback.getSnapshot()).toMatchObject({ playing: true, at: 2 });
  sound.currentTime = 3.9;
  frame?.();
  expect(playback.getSnapshot()).toMatchObject({ playing: true, at: 3.9 });
  sound.currentTime = 4.01;
  frame?.();
  expect(playback.getSnapshot()).toMatchObject({ playing: false, at: 1 });
});

test("It plays from the moment it is asked to, until the browser refuses", async () => {
  const playback = new TakePlayback(TAKE);
  playback.subscribe(() => {});
  playback.play();
  sound.play = () => Promise.reject(new DOMException("", "NotAllowedError"));
  playback.pause();
  playback.play(3);
  expect(playback.getSnapshot()).toMatchObject({ playing: true, at: 3 });
  await vi.waitFor(() => expect(playback.getSnapshot().playing).toBe(false));
});

test("A speed holds for what is played and for what is played next", () => {
  const playback = new TakePlayback(TAKE);
  playback.setRate(0.75);
  playback.play();
  expect(sound.playbackRate).toBe(0.75);
  playback.setRate(1.5);
  expect(sound.playbackRate).toBe(1.5);
});

test("What nothing shows any more is silent", () => {
  const playback = new TakePlayback(TAKE);
  const leave = playback.subscribe(() => {});
  playback.play();
  leave();
  expect(playback.getSnapshot().playing).toBe(false);
  expect(sound.hasAttribute("src")).toBe(false);
});
