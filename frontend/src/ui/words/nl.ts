/** Nederlands. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dicteren",
  "dictation.stop": "Stoppen met dicteren",
  "dictation.opening": "Wachten op de microfoon…",
  "dictation.finishing": "Afronden…",
  "part.again": "Opnieuw tonen",
};
