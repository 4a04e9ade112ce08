import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AudioListener } from "../audio/source";
import { Scope } from "../lib/scope";
import { ScriptedSource } from "../testing/scripted-source";
import { type CheckState, SoundCheck } from "./sound-check";

let scope: Scope;
let source: ScriptedSource;
let states: (CheckState | undefined)[];
let check: SoundCheck;
beforeEach(async () => {
  scope = new Scope();
  source = new ScriptedSource();
  states = [];
  check = new SoundCheck(source, undefined, (state) => states.push(state), scope);
  await check.start();
});
afterEach(() => scope.dispose());

const verdict = () => states.at(-1)?.verdict;

test("A voice sounds great, and a room in which nobody speaks is asked to say something", () => {
  expect(states.at(-1)).toMatchObject({ open: true, verdict: undefined });
  source.speak(1);
  expect(verdict()).toBeUndefined();
  source.speak(3);
  expect(verdict()).toBe("great");
});

test("A muted microphone is told", () => {
  source.silence(3);
  expect(verdict()).toBe("dead");
});

test("A take gets the open microphone, and nothing from before it", async () => {
  source.speak(2);
  const kept: Int16Array[] = [];
  const listener: AudioListener = {
    block: (pcm) => void kept.push(pcm),
    frame: () => {},
    lost: () => {},
    muted: () => {},
  };
  const open = await check.handOver({}, listener);
  expect(states.at(-1)).toBeUndefined();
  expect(source.closed).toBe(0);
  open?.run();
  expect(kept).toEqual([]);
  source.speak(1);
  expect(kept.reduce((sum, pcm) => sum + pcm.length, 0)).toBe(open?.keptRate);
});

test("Another microphone is no check's to give, and its own is closed", async () => {
  const other = { block: vi.fn(), frame: vi.fn(), lost: vi.fn(), muted: vi.fn() };
  expect(await check.handOver({ deviceId: "another" }, other)).toBeUndefined();
  await vi.waitFor(() => expect(source.closed).toBe(1));
  expect(states.at(-1)).toBeUndefined();
});

test("A microphone that goes away ends the check in words", () => {
  source.lose();
  expect(states.at(-1)).toMatchObject({ open: false, fault: "lost" });
});
