/** Português (Brasil). */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Ditar",
  "dictation.stop": "Parar de ditar",
  "dictation.opening": "Aguardando o microfone…",
  "dictation.finishing": "Finalizando…",
  "part.again": "Mostrar de novo",
};
