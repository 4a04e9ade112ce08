/** العربية. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "إملاء",
  "dictation.stop": "إيقاف الإملاء",
  "dictation.opening": "في انتظار الميكروفون…",
  "dictation.finishing": "جارٍ الإنهاء…",
  "part.again": "إعادة العرض",
  "microphone.denied": "حظر المتصفح الميكروفون.",
  "microphone.missing": "لم يُعثر على ميكروفون.",
  "microphone.busy": "تعذّر فتح الميكروفون. ربما يستخدمه برنامج آخر.",
  "microphone.insecure": "يتطلب التسجيل https.",
  "microphone.failed": "تعذّر فتح الميكروفون.",
};
