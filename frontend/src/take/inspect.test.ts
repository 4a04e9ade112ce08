import { describe, expect, test } from "vitest";
import { FILES } from "../generated/constants";
import { typeOf } from "./inspect";

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
