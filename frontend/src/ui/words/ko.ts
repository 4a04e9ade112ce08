/** 한국어. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "받아쓰기",
  "dictation.stop": "받아쓰기 중지",
  "dictation.opening": "마이크를 기다리는 중…",
  "dictation.finishing": "마무리하는 중…",
  "part.again": "다시 표시",
  "microphone.denied": "브라우저가 마이크를 차단했습니다.",
  "microphone.missing": "마이크를 찾을 수 없습니다.",
  "microphone.busy": "마이크를 열 수 없습니다. 다른 프로그램이 사용 중일 수 있습니다.",
  "microphone.insecure": "녹음하려면 https가 필요합니다.",
  "microphone.failed": "마이크를 열 수 없습니다.",
};
