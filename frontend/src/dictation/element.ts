/**
 * `<utter-dictation for="notes" api-url="https://voices.example">`: the dictation button where there
 * is no React. `locale` says in which language the button speaks. Tells `utter-delta`, `utter-final` and `utter-error`; `token` is a property.
 */
import { Scope } from "../lib/scope";
import type { TokenSupplier } from "../session/token";
import { SHARED_WORDS } from "../ui/words/catalogue";
import { Dictation } from "./dictation";
import { dictationLabel } from "./labels";
import type { LiveTranscriptOptions } from "./live-transcript";

const STYLE = `
:host { display: inline-block; --accent: var(--utter-accent, light-dark(#b8371a, #ff8766)); }
:host([hidden]) { display: none; }
button { all: unset; box-sizing: border-box; display: grid; place-items: center; width: 2.5rem;
  height: 2.5rem; border: 1px solid var(--utter-edge, light-dark(#8d857c, #857b71));
  border-radius: 50%; cursor: pointer; color: inherit; forced-color-adjust: auto; }
button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent);
  color: var(--utter-on-accent, light-dark(#fff, #241009));
  box-shadow: 0 0 0 calc(var(--level, 0) * 6px) var(--utter-accent-soft, light-dark(#fbeee9, #3a211a)); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button:disabled { cursor: default; opacity: 0.6; }
[role="status"] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

const ICONS = `<slot>
<svg aria-hidden="true" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
<g data-icon="idle"><rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/></g>
<rect data-icon="active" x="7" y="7" width="10" height="10" rx="2" fill="currentColor"/></svg></slot>`;

// A server renders the tag and never upgrades it.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class UtterDictation extends Base {
  static readonly observedAttributes = ["api-url", "language", "locale", "disabled"];
  /** Your page's access token; without it people are signed in anonymously. */
  token: TokenSupplier | undefined;
  #scope: Scope | undefined;
  #dictation: Dictation | undefined;
  #render = () => {};

  connectedCallback(): void {
    const scope = new Scope();
    this.#scope = scope;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${STYLE}</style><button type="button" part="button" aria-keyshortcuts="Control+Shift+D">${ICONS}</button><span role="status"></span>`;
    const button = root.querySelector("button") as HTMLButtonElement;
    const status = root.querySelector("[role=status]") as HTMLElement;
    const dictation = new Dictation(this.#options(), () => {
      const id = this.getAttribute("for");
      return id === null ? undefined : document.getElementById(id);
    });
    this.#dictation = dictation;
    this.#render = () => {
      const { stage, error } = dictation.getSnapshot();
      const locale = this.getAttribute("locale") ?? "en";
      SHARED_WORDS.load(locale).catch(() => {}); // English stays
      const label = dictationLabel(SHARED_WORDS.in(locale), stage, {
        start: this.getAttribute("label-start"),
        stop: this.getAttribute("label-stop"),
      });
      button.setAttribute("aria-pressed", String(stage !== "idle"));
      button.setAttribute("aria-label", label);
      button.dataset.stage = stage;
      button.disabled = this.hasAttribute("disabled") || stage === "finishing";
      for (const icon of root.querySelectorAll<SVGElement>("[data-icon]")) {
        icon.style.display = (icon.dataset.icon === "idle") === (stage === "idle") ? "" : "none";
      }
      const tell = (fault: string | undefined) => {
        button.title = fault ?? label;
        if (status.textContent !== (fault ?? "")) status.textContent = fault ?? "";
      };
      tell(error?.message);
      if (!error || locale.startsWith("en")) return;
      void import("../errors/catalogue").then(
        async ({ faultWords }) => {
          const fault = await faultWords(locale, error);
          if (dictation.getSnapshot().error === error) tell(fault);
        },
        () => {}, // English stays
      );
    };
    scope.add(dictation.subscribe(this.#render));
    scope.add(SHARED_WORDS.subscribe(this.#render));
    dictation.attach(scope);
    scope.listen(button, "mousedown", (event) => event.preventDefault());
    scope.listen(button, "click", () => {
      dictation.transcript.update(this.#options());
      dictation.toggle();
    });
    scope.frames(() => button.style.setProperty("--level", dictation.transcript.level.toFixed(2)));
    this.#render();
  }

  disconnectedCallback(): void {
    this.#scope?.dispose();
  }

  attributeChangedCallback(): void {
    this.#render();
  }

  /** As a press of the button. */
  toggle(): void {
    this.#dictation?.toggle();
  }

  #options(): LiveTranscriptOptions {
    const tell = (name: string, detail: unknown) =>
      void this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
    return {
      apiUrl: this.getAttribute("api-url") ?? undefined,
      language: this.getAttribute("language") ?? undefined,
      token: this.token,
      onDelta: (delta, text) => tell("utter-delta", { delta, text }),
      onFinal: (text) => tell("utter-final", { text }),
      onError: (error) => tell("utter-error", error),
    };
  }
}
