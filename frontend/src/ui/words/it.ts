/** Italiano. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Detta",
  "dictation.stop": "Interrompi la dettatura",
  "dictation.opening": "In attesa del microfono…",
  "dictation.finishing": "Completamento…",
  "part.again": "Mostra di nuovo",
  "microphone.denied": "Il browser ha bloccato il microfono.",
  "microphone.missing": "Nessun microfono trovato.",
  "microphone.busy": "Impossibile aprire il microfono. Forse lo usa un altro programma.",
  "microphone.insecure": "Per registrare serve https.",
  "microphone.failed": "Impossibile aprire il microfono.",
};
