/** Français. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Dicter",
  "dictation.stop": "Arrêter la dictée",
  "dictation.opening": "En attente du micro…",
  "dictation.finishing": "Finalisation…",
  "part.again": "Réafficher",
  "microphone.denied": "Le navigateur a bloqué le micro.",
  "microphone.missing": "Aucun micro trouvé.",
  "microphone.busy": "Impossible d’ouvrir le micro. Un autre programme l’utilise peut-être.",
  "microphone.insecure": "L’enregistrement nécessite https.",
  "microphone.failed": "Impossible d’ouvrir le micro.",
};
