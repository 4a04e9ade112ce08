/** Русский. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Диктовать",
  "dictation.stop": "Остановить диктовку",
  "dictation.opening": "Ожидание микрофона…",
  "dictation.finishing": "Завершение…",
  "part.again": "Показать снова",
  "microphone.denied": "Браузер заблокировал микрофон.",
  "microphone.missing": "Микрофон не найден.",
  "microphone.busy": "Не удаётся открыть микрофон. Возможно, его использует другая программа.",
  "microphone.insecure": "Для записи нужен https.",
  "microphone.failed": "Не удаётся открыть микрофон.",
};
