/** 日本語. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "音声入力",
  "dictation.stop": "音声入力を終了",
  "dictation.opening": "マイクを待っています…",
  "dictation.finishing": "仕上げています…",
  "part.again": "もう一度表示",
};
