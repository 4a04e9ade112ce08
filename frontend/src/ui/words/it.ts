/** Italiano. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Detta",
  "dictation.stop": "Interrompi la dettatura",
  "dictation.opening": "In attesa del microfono…",
  "dictation.finishing": "Completamento…",
  "part.again": "Mostra di nuovo",
};
