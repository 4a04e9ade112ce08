/** Español. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dictar",
  "dictation.stop": "Dejar de dictar",
  "dictation.opening": "Esperando al micrófono…",
  "dictation.finishing": "Terminando…",
  "part.again": "Mostrar de nuevo",
};
