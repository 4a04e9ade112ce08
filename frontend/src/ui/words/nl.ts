/** Nederlands. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dicteren",
  "dictation.stop": "Stoppen met dicteren",
  "dictation.opening": "Wachten op de microfoon…",
  "dictation.finishing": "Afronden…",
  "part.again": "Opnieuw tonen",
  "microphone.denied": "De browser blokkeerde de microfoon.",
  "microphone.missing": "Geen microfoon gevonden.",
  "microphone.busy":
    "De microfoon kan niet worden geopend. Misschien gebruikt een ander programma hem.",
  "microphone.insecure": "Opnemen vereist https.",
  "microphone.failed": "De microfoon kan niet worden geopend.",
};
