"use client";
/** `@utter/transcribe/element`: defines `<utter-dictation>`. */
import { UtterDictation } from "./dictation/element";

export { UtterDictation };

if ("customElements" in globalThis) {
  customElements.get("utter-dictation") ?? customElements.define("utter-dictation", UtterDictation);
}

declare global {
  interface HTMLElementTagNameMap {
    "utter-dictation": UtterDictation;
  }
}
