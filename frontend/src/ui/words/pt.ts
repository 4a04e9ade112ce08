/** Português (Brasil). */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "Ditar",
  "dictation.stop": "Parar de ditar",
  "dictation.opening": "Aguardando o microfone…",
  "dictation.finishing": "Finalizando…",
  "part.again": "Mostrar de novo",
  "microphone.denied": "O navegador bloqueou o microfone.",
  "microphone.missing": "Nenhum microfone encontrado.",
  "microphone.busy": "Não é possível abrir o microfone. Talvez outro programa o esteja usando.",
  "microphone.insecure": "Para gravar é preciso https.",
  "microphone.failed": "Não é possível abrir o microfone.",
};
