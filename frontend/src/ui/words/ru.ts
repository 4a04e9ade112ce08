/** Русский. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Диктовать",
  "dictation.stop": "Остановить диктовку",
  "dictation.opening": "Ожидание микрофона…",
  "dictation.finishing": "Завершение…",
  "part.again": "Показать снова",
};
