import { afterEach, describe, expect, test, vi } from "vitest";
import { isUsable } from "../audio/gate";
import { FILES } from "../generated/files";
import { heardTake, inspectFile, typeOf } from "./inspect";

const HEADS = {
  "audio/wav": ["RIFF\0\0\0\0WAVE", "RF64\0\0\0\0WAVE", "BW64\0\0\0\0WAVE"],
  "audio/mpeg": ["ID3\x03\0"],
  "audio/mp4": ["\0\0\0\x18ftypmp42", "\0\0\0\x14ftypqt  "],
  "audio/flac": ["fLaC\0\0\0\x22"],
  "audio/ogg": ["OggS\0\x02"],
} as const;

function file(first: string, name: string): File {
  return new File([Uint8Array.from(first, (one) => one.charCodeAt(0))], name);
}

describe("the type of a file", () => {
  test.each(
    Object.entries(HEADS).flatMap(([type, heads]) => heads.map((head) => ({ type, head }))),
  )("is told by its first bytes, whatever its name: $type", async ({ type, head }) => {
    for (const name of ["take", "take.txt", "take.wav"]) {
      expect(await typeOf(file(head, name))).toBe(type);
    }
  });

  test("is told by its ending where the first bytes say nothing", async () => {
    for (const { extensions, mime } of FILES.formats) {
      for (const ending of extensions) {
        expect(await typeOf(file("????????", `take${ending.toUpperCase()}`))).toBe(mime);
      }
    }
  });

  test("is nothing for what is known to be of another kind, or not known", async () => {
    expect(await typeOf(file("FORM\0\0\0\0AIFF", "take.wav"))).toBeUndefined();
    expect(await typeOf(file("Dear diary", "take"))).toBeUndefined();
  });
});

const LIMITS = {
  max_bytes: 1_000_000,
  min_seconds: 3,
  max_seconds: 300,
  types: FILES.formats.map(({ mime }) => mime),
  extensions: [],
};

/** A browser in which a file claims so many seconds, and which reads so many. */
function browser(claimed: number, read: number): void {
  class Claiming extends EventTarget {
    readonly duration = claimed;
    set src(_: string) {
      queueMicrotask(() => this.dispatchEvent(new Event("loadedmetadata")));
    }
    removeAttribute(): void {}
  }
  class Reading {
    readonly decodeAudioData = async () => ({
      length: 8000 * read,
      numberOfChannels: 1,
      sampleRate: 8000,
      getChannelData: () => new Float32Array(8000 * read).fill(0.1),
    });
  }
  vi.stubGlobal("Audio", Claiming);
  vi.stubGlobal("OfflineAudioContext", Reading);
  vi.stubGlobal("URL", { createObjectURL: () => "blob:", revokeObjectURL: () => {} });
}

describe("a file of which the browser reads a part", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("is as long as it claims, and is judged by nothing else: the server reads on", async () => {
    browser(5, 2);
    const take = await inspectFile(file(HEADS["audio/mp4"][0], "take.m4a"), LIMITS);
    expect(take).toMatchObject({ seconds: 5, pcm: undefined, measurement: undefined });
    expect(isUsable(take.verdicts)).toBe(true);
  });

  test("is as long as was read where its length is a guess", async () => {
    browser(5, 4);
    const take = await inspectFile(file(HEADS["audio/mpeg"][0], "take.mp3"), LIMITS);
    expect(take.seconds).toBe(4);
  });

  test("is as long as the server heard, and keeps nothing of what was read", async () => {
    browser(5, 5);
    const take = await inspectFile(file(HEADS["audio/mpeg"][0], "take.mp3"), LIMITS);
    expect(heardTake(take, 5.1, LIMITS)).toBe(take);
    expect(heardTake(take, 9.8, LIMITS)).toMatchObject({ seconds: 9.8, pcm: undefined });
  });
});
