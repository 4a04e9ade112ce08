/** 한국어. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "받아쓰기",
  "dictation.stop": "받아쓰기 중지",
  "dictation.opening": "마이크를 기다리는 중…",
  "dictation.finishing": "마무리하는 중…",
  "part.again": "다시 표시",
};
