/** हिन्दी. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "dictation.start": "बोलकर लिखें",
  "dictation.stop": "बोलकर लिखना रोकें",
  "dictation.opening": "माइक्रोफ़ोन का इंतज़ार…",
  "dictation.finishing": "पूरा हो रहा है…",
  "part.again": "फिर से दिखाएँ",
  "microphone.denied": "ब्राउज़र ने माइक्रोफ़ोन रोक दिया।",
  "microphone.missing": "कोई माइक्रोफ़ोन नहीं मिला।",
  "microphone.busy": "माइक्रोफ़ोन नहीं खुल रहा। शायद कोई दूसरा प्रोग्राम इस्तेमाल कर रहा है।",
  "microphone.insecure": "रिकॉर्ड करने के लिए https चाहिए।",
  "microphone.failed": "माइक्रोफ़ोन नहीं खुल रहा।",
};
