/** Français. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dicter",
  "dictation.stop": "Arrêter la dictée",
  "dictation.opening": "En attente du micro…",
  "dictation.finishing": "Finalisation…",
  "part.again": "Réafficher",
};
