/** हिन्दी. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "बोलकर लिखें",
  "dictation.stop": "बोलकर लिखना रोकें",
  "dictation.opening": "माइक्रोफ़ोन का इंतज़ार…",
  "dictation.finishing": "पूरा हो रहा है…",
  "part.again": "फिर से दिखाएँ",
};
