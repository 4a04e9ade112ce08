/** Deutsch. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Diktieren",
  "dictation.stop": "Diktat beenden",
  "dictation.opening": "Warten auf das Mikrofon…",
  "dictation.finishing": "Wird abgeschlossen…",
  "part.again": "Erneut anzeigen",
};
