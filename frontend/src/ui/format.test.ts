import { expect, test } from "vitest";
import { megabytes, minutes, spokenSeconds } from "./format";

test.each([
  [0, "0:00"],
  [7.9, "0:07"],
  [61, "1:01"],
  [300, "5:00"],
])("%d s is %s on a clock", (seconds, words) => expect(minutes(seconds)).toBe(words));

test.each([
  [1, "1 second"],
  [3, "3 seconds"],
  [60, "1 minute"],
  [90, "90 seconds"],
  [300, "5 minutes"],
])("%d s is %s in words", (seconds, words) => expect(spokenSeconds("en", seconds)).toBe(words));

test.each([
  [52_428_800, "50 MB"],
  [1_600_000, "1.5 MB"],
])("%d bytes are %s", (bytes, words) => expect(megabytes("en", bytes)).toBe(words));
