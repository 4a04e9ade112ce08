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
button { all: unset; box-sizing: border-box; display: grid; place-items: center;
  width: calc(2.5 * var(--utter-rem, 1rem)); aspect-ratio: 1; border: 1px solid var(--utter-edge, light-dark(#8d857c, #857b71));
  border-radius: 50%; cursor: pointer; color: inherit; forced-color-adjust: auto; }
button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent);
  color: var(--utter-on-accent, light-dark(#fff, #241009));
  box-shadow: 0 0 0 calc(var(--level, 0) * 6px) var(--utter-accent-soft, light-dark(#fbeee9, #3a211a)); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button:disabled { cursor: default; opacity: 0.6; }
[role="status"] { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

const SVG = "http://www.w3.org/2000/svg";

/** Made without markup: a page may require trusted types, and refuse styles that are written in it. */
function make(name: string, attributes: Record<string, string | number>, ...children: Element[]) {
  const isDrawn = ["svg", "g", "rect", "path"].includes(name);
  const made = document.createElementNS(isDrawn ? SVG : "http://www.w3.org/1999/xhtml", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  made.append(...children);
  return made;
}

function contents(): Element[] {
  const stroke = { fill: "none", stroke: "currentColor", "stroke-width": 2 };
  const microphone = [
    make("rect", { x: 9, y: 3, width: 6, height: 11, rx: 3 }),
    make("path", { d: "M5 11a7 7 0 0 0 14 0M12 18v3" }),
  ];
  const square = { x: 7, y: 7, width: 10, height: 10, rx: 2, fill: "currentColor" };
  const icons = make(
    "svg",
    { "aria-hidden": "true", width: 20, height: 20, viewBox: "0 0 24 24", ...stroke },
    make("g", { "data-icon": "idle", "stroke-linecap": "round" }, ...microphone),
    make("rect", { "data-icon": "active", ...square }),
  );
  const button = { type: "button", part: "button", "aria-keyshortcuts": "Control+Shift+D" };
  return [make("button", button, make("slot", {}, icons)), make("span", { role: "status" })];
}

function shadow(element: HTMLElement): ShadowRoot {
  const root = element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(...contents());
  return root;
}

// A server renders the tag and never upgrades it.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class UtterDictation extends Base {
  static readonly observedAttributes = ["locale", "disabled", "label-start", "label-stop"];
  /**
   * Your page's access token; without it people are signed in anonymously. Declared only: a page may
   * have set it before the element was defined.
   */
  declare token: TokenSupplier | undefined;
  #scope: Scope | undefined;
  #dictation: Dictation | undefined;
  #render = () => {};

  connectedCallback(): void {
    if (this.#scope) return; // moved within the page
    const scope = new Scope();
    this.#scope = scope;
    const root = this.shadowRoot ?? shadow(this);
    const button = root.querySelector("button") as HTMLButtonElement;
    const status = root.querySelector("[role=status]") as HTMLElement;
    const dictation = new Dictation(this.#options(), () => {
      const id = this.getAttribute("for");
      if (id === null) return undefined;
      const around = this.getRootNode() as Document | ShadowRoot;
      return around.getElementById(id) ?? document.getElementById(id);
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
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#scope?.dispose();
      this.#scope = undefined;
    });
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
