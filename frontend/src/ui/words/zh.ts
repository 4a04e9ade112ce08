/** 中文. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "听写",
  "dictation.stop": "停止听写",
  "dictation.opening": "正在等待麦克风…",
  "dictation.finishing": "正在完成…",
  "part.again": "重新显示",
  "microphone.denied": "浏览器屏蔽了麦克风。",
  "microphone.missing": "未找到麦克风。",
  "microphone.busy": "无法打开麦克风，可能有其他程序正在使用。",
  "microphone.insecure": "录音需要 https。",
  "microphone.failed": "无法打开麦克风。",
};
