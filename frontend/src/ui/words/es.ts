/** Español. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dictar",
  "dictation.stop": "Dejar de dictar",
  "dictation.opening": "Esperando al micrófono…",
  "dictation.finishing": "Terminando…",
  "part.again": "Mostrar de nuevo",
  "microphone.denied": "El navegador bloqueó el micrófono.",
  "microphone.missing": "No se encontró ningún micrófono.",
  "microphone.busy": "No se puede abrir el micrófono. Quizá lo use otro programa.",
  "microphone.insecure": "Para grabar se necesita https.",
  "microphone.failed": "No se puede abrir el micrófono.",
};
