/**
 * `<utter-reference-audio api-url="https://voices.example">`: the component where the page around has
 * no React of its own. React and the component are loaded when the element is first used. Tells
 * `utter-change` with the value; `token` is a property.
 */
import type { TokenSupplier } from "../session/token";
import type { Mode, ReferenceAudioValue } from "./state";

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class UtterReferenceAudio extends Base {
  /**
   * Your page's access token; without it people are signed in anonymously. Declared only: a page may
   * have set it before the element was defined.
   */
  declare token: TokenSupplier | undefined;
  /** What the page gets; undefined until something was recorded or chosen. */
  value: ReferenceAudioValue | undefined;
  #unmount: (() => void) | undefined;

  connectedCallback(): void {
    if (this.#unmount) return; // moved within the page
    let gone = false;
    this.#unmount = () => {
      gone = true;
    };
    void import("./element-root").then(({ mount }) => {
      if (gone) return;
      this.#unmount = mount(this, {
        apiUrl: this.getAttribute("api-url") ?? undefined,
        token: this.token,
        mode: (this.getAttribute("mode") ?? "record") as Mode,
        language: this.getAttribute("language") ?? "auto",
        locale: this.getAttribute("locale") ?? undefined,
        onChange: (value) => {
          this.value = value;
          this.dispatchEvent(
            new CustomEvent("utter-change", { bubbles: true, composed: true, detail: value }),
          );
        },
      });
    });
  }

  disconnectedCallback(): void {
    // Not at once: the page may be moving it, or rendering by a React that is in the middle of it.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#unmount?.();
      this.#unmount = undefined;
    });
  }
}
