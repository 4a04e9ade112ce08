/** العربية. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "إملاء",
  "dictation.stop": "إيقاف الإملاء",
  "dictation.opening": "في انتظار الميكروفون…",
  "dictation.finishing": "جارٍ الإنهاء…",
  "part.again": "إعادة العرض",
};
