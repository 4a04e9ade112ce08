/** 中文. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "听写",
  "dictation.stop": "停止听写",
  "dictation.opening": "正在等待麦克风…",
  "dictation.finishing": "正在完成…",
  "part.again": "重新显示",
};
