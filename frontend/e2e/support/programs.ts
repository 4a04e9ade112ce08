/** What this machine has of the programs that some tests need. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const FOLDERS = [
  ...(process.env.PATH ?? "").split(delimiter),
  "/usr/sbin",
  join(import.meta.dirname, "..", "..", "..", ".tools", "debian", "usr", "sbin"),
];

/** The path of the first of these that is here. */
export const found = (names: readonly string[]): string | undefined =>
  names
    .flatMap((name) => FOLDERS.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));

export const FIREFOX = ["firefox-esr", "firefox"];

const lacks = (...programs: readonly (readonly string[])[]) =>
  [...programs, ["pulseaudio"], ["paplay"]].flatMap((names) =>
    found(names) ? [] : names.slice(0, 1),
  );

/** What this machine lacks for the page in other engines than Chromium. */
export const LACKING = {
  Firefox: lacks(FIREFOX),
  WebKit: lacks(["WebKitWebDriver"], ["Xvfb"]),
} as const;
