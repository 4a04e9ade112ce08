"use client";
/** `@utter/transcribe/reference-audio-element`: defines `<utter-reference-audio>`, which loads React. */
import { UtterReferenceAudio } from "./reference-audio/element";

export { UtterReferenceAudio };

if ("customElements" in globalThis) {
  customElements.get("utter-reference-audio") ??
    customElements.define("utter-reference-audio", UtterReferenceAudio);
}

declare global {
  interface HTMLElementTagNameMap {
    "utter-reference-audio": UtterReferenceAudio;
  }
}
