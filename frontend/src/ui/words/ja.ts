/** 日本語. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "音声入力",
  "dictation.stop": "音声入力を終了",
  "dictation.opening": "マイクを待っています…",
  "dictation.finishing": "仕上げています…",
  "part.again": "もう一度表示",
  "microphone.denied": "ブラウザがマイクをブロックしました。",
  "microphone.missing": "マイクが見つかりません。",
  "microphone.busy": "マイクを開けません。別のプログラムが使用中かもしれません。",
  "microphone.insecure": "録音にはhttpsが必要です。",
  "microphone.failed": "マイクを開けません。",
};
