/** Speech into a field: a live transcript, the field it goes into, and the keys that people press. */
import { Scope } from "../lib/scope";
import type { Readable } from "../lib/store";
import { type Dictated, dictateInto, type Field, isDictatable } from "./field";
import {
  LiveTranscript,
  type LiveTranscriptOptions,
  type LiveTranscriptState,
} from "./live-transcript";

/** Ctrl+Shift+D, and Command on a Mac: begins and ends. Esc gives up. */
const isToggle = (event: KeyboardEvent) =>
  (event.ctrlKey || event.metaKey) && event.shiftKey && event.code === "KeyD";

/** What has the caret, in whatever shadow root it is. */
function focused(): Element | null {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

export class Dictation implements Readable<LiveTranscriptState> {
  readonly transcript: LiveTranscript;
  readonly getSnapshot: () => LiveTranscriptState;
  readonly subscribe: (listener: () => void) => () => void;
  /** The field that a press of the button or the keys is for. */
  target: () => Element | null | undefined;
  #dictated: Dictated | undefined;
  /** The field that last had the caret, for a button that takes the focus. */
  #recent: Field | undefined;

  constructor(options: LiveTranscriptOptions, target: () => Element | null | undefined) {
    this.transcript = new LiveTranscript(options);
    this.target = target;
    this.getSnapshot = this.transcript.getSnapshot;
    this.subscribe = this.transcript.subscribe;
  }

  get isActive(): boolean {
    return this.getSnapshot().stage !== "idle";
  }

  /** Hears keys and follows the transcript until the scope ends. */
  attach(scope: Scope): void {
    const own = new Scope(scope);
    own.add(this.transcript.subscribe(() => this.#follow()));
    own.listen(document, "focusin", (event) => {
      const [field] = event.composedPath() as Element[]; // its target is where the shadow begins
      if (isDictatable(field)) this.#recent = field;
    });
    own.listen(document, "keydown", (event) => this.#onKey(event as KeyboardEvent));
    own.add(() => {
      this.cancel();
      this.transcript.release();
    });
  }

  toggle(): void {
    if (this.isActive) void this.transcript.stop();
    else this.start();
  }

  /** Begins, if there is a field to dictate into. */
  start(): void {
    if (this.isActive) return;
    const field = this.#field();
    if (!field) return;
    this.#dictated = dictateInto(field);
    void this.transcript.start();
  }

  /** Ends at once, and leaves the field as it was. */
  cancel(): void {
    const dictated = this.#dictated;
    this.#dictated = undefined;
    dictated?.revert();
    this.transcript.cancel();
  }

  #field(): Field | undefined {
    const named = this.target();
    if (named) return isDictatable(named) ? named : undefined;
    const here = focused();
    if (isDictatable(here)) return here;
    return this.#recent?.isConnected ? this.#recent : undefined;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Escape" && this.isActive) {
      event.preventDefault();
      this.cancel();
    } else if (isToggle(event) && (this.isActive || this.#isHere())) {
      event.preventDefault();
      this.toggle();
    }
  }

  /** Whether the caret is in the field that this is for; without one, in any. */
  #isHere(): boolean {
    const named = this.target();
    return named ? named.contains(focused()) : isDictatable(focused());
  }

  #follow(): void {
    const { stage, text, provisional } = this.getSnapshot();
    const dictated = this.#dictated;
    if (!dictated) return;
    if (stage !== "idle") {
      if (text) dictated.show(text, provisional);
      return;
    }
    // Whole, or broken off: the words that there are stay.
    this.#dictated = undefined;
    dictated.commit(text);
  }
}
