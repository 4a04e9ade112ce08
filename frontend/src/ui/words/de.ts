/** Deutsch. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Diktieren",
  "dictation.stop": "Diktat beenden",
  "dictation.opening": "Warten auf das Mikrofon…",
  "dictation.finishing": "Wird abgeschlossen…",
  "part.again": "Erneut anzeigen",
  "microphone.denied": "Der Browser hat das Mikrofon blockiert.",
  "microphone.missing": "Kein Mikrofon gefunden.",
  "microphone.busy":
    "Das Mikrofon lässt sich nicht öffnen. Vielleicht nutzt es ein anderes Programm.",
  "microphone.insecure": "Aufnehmen geht nur über https.",
  "microphone.failed": "Das Mikrofon lässt sich nicht öffnen.",
};
