/**
 * Dictated words in a field: at the caret, with a space where one belongs. While they come they are
 * written over and over; when they are whole they are put in once more by the browser's own editing,
 * so that one undo takes them all back.
 */
export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLElement;

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** By name: a field of another document, as in a frame, is of other classes. */
const isText = (field: Element): field is TextField =>
  field.localName === "textarea" || field.localName === "input";

/** Types of `input` with a caret that words are spoken into; a password is not one. */
const TEXT_TYPES = ["text", "search", "url"];

/** Whether words can be put into it. */
export function isDictatable(element: Element | null | undefined): element is Field {
  if (!element) return false;
  if (!isText(element)) return (element as HTMLElement).isContentEditable === true;
  const isLine = element.localName === "input";
  return !(isLine && !TEXT_TYPES.includes(element.type)) && !element.readOnly && !element.disabled;
}

/** No space follows an opening bracket or white space; and none goes before such punctuation. */
const space = (before: string) => (before === "" || /[\s([{«„“‘]$/.test(before) ? "" : " ");

export interface Dictated {
  /** Shows the words so far; `provisional` are those at their end that may change. */
  show(text: string, provisional: string): void;
  /** Puts the whole text in, as one step that can be undone. */
  commit(text: string): void;
  /** Leaves the field as it was. */
  revert(): void;
}

/** Begins a dictation at the field's caret; what is selected is replaced. */
export function dictateInto(field: Field): Dictated {
  return isText(field) ? new InText(field) : new InContent(field);
}

/** React's own setter hides the element's: past it, React hears of the change. */
function setValue(field: TextField, value: string): void {
  Reflect.set(Object.getPrototypeOf(field), "value", value, field);
}

function tell(field: Field, data: string): void {
  field.dispatchEvent(
    new InputEvent("input", { bubbles: true, inputType: "insertText", data, composed: true }),
  );
}

class InText implements Dictated {
  readonly #field: TextField;
  #value: string;
  /** Where the words go in `#value`: what is between is replaced. */
  #start: number;
  #end: number;
  /** What this wrote last: another value is a person's. */
  #last: string;
  /** Characters of the transcript that a person has taken over by typing. */
  #taken = 0;

  constructor(field: TextField) {
    this.#field = field;
    this.#value = field.value;
    this.#last = field.value;
    this.#start = field.selectionStart ?? field.value.length;
    this.#end = field.selectionEnd ?? this.#start;
  }

  #written(text: string): string {
    const words = text.slice(this.#taken).trim();
    if (words === "") return "";
    const after = this.#value.slice(this.#end);
    const gap = /^[\p{L}\p{N}]/u.test(after) ? " " : "";
    return `${space(this.#value.slice(0, this.#start))}${words}${gap}`;
  }

  #write(value: string, caret: number, data: string): void {
    setValue(this.#field, value);
    this.#field.setSelectionRange(caret, caret);
    this.#last = value;
    tell(this.#field, data);
  }

  /** A person has typed: what is there stands, and later words go to the caret. */
  #yield(text: string): void {
    if (this.#field.value === this.#last) return;
    this.#value = this.#field.value;
    this.#last = this.#value;
    this.#start = this.#field.selectionStart ?? this.#value.length;
    this.#end = this.#field.selectionEnd ?? this.#start;
    this.#taken = text.length;
  }

  #shown = "";

  show(text: string, provisional: string): void {
    this.#yield(this.#shown);
    this.#shown = text;
    const words = this.#written(text);
    const value = this.#value.slice(0, this.#start) + words + this.#value.slice(this.#end);
    const caret = this.#start + words.length;
    if (value !== this.#field.value) this.#write(value, caret, words);
    const marked = Math.min(provisional.trim().length, words.length);
    mark(this.#field, caret - marked, caret);
  }

  commit(text: string): void {
    this.#yield(this.#shown);
    const words = this.#written(text);
    this.revert();
    if (words === "") return;
    this.#field.focus();
    this.#field.setSelectionRange(this.#start, this.#end);
    // Deprecated, and the only way into the browser's undo; it tells React by itself.
    if (this.#field.ownerDocument.execCommand?.("insertText", false, words)) return;
    const value = this.#value.slice(0, this.#start) + words + this.#value.slice(this.#end);
    this.#write(value, this.#start + words.length, words);
  }

  revert(): void {
    unmark(this.#field);
    this.#yield(this.#shown);
    if (this.#field.value === this.#value) return;
    this.#write(this.#value, this.#end, "");
    this.#field.setSelectionRange(this.#start, this.#end);
  }
}

class InContent implements Dictated {
  readonly #field: HTMLElement;
  readonly #range: Range;
  /** Holds the words while they come; a person who types in it takes them over. */
  #span: HTMLElement | undefined;
  #last = "";
  #shown = "";
  #taken = 0;

  constructor(field: HTMLElement) {
    this.#field = field;
    this.#range = this.#caret();
  }

  #caret(): Range {
    const selection = this.#field.ownerDocument.getSelection();
    if (selection && selection.rangeCount > 0 && this.#field.contains(selection.anchorNode)) {
      return selection.getRangeAt(0).cloneRange();
    }
    const range = this.#field.ownerDocument.createRange();
    range.selectNodeContents(this.#field);
    range.collapse(false);
    return range;
  }

  #written(text: string): string {
    const words = text.slice(this.#taken).trim();
    const before = this.#range.cloneRange();
    before.setStart(this.#field, 0);
    before.setEnd(this.#range.startContainer, this.#range.startOffset);
    return words && space(before.toString()) + words;
  }

  #yield(): void {
    const span = this.#span;
    if (!span || span.textContent === this.#last) return;
    this.#taken = this.#shown.length;
    const caret = this.#caret();
    this.#range.setStart(caret.startContainer, caret.startOffset);
    this.#range.setEnd(caret.endContainer, caret.endOffset);
    span.replaceWith(...span.childNodes);
    this.#span = undefined;
  }

  show(text: string, provisional: string): void {
    this.#yield();
    this.#shown = text;
    const words = this.#written(text);
    this.#last = words;
    if (!this.#span) {
      this.#span = document.createElement("span");
      const end = this.#range.cloneRange();
      end.collapse(false);
      end.insertNode(this.#span);
    }
    const settled = words.slice(0, Math.max(0, words.length - provisional.trim().length));
    const marked = document.createElement("u");
    marked.dataset.utterProvisional = "";
    marked.style.textDecoration = "underline dotted";
    marked.textContent = words.slice(settled.length);
    this.#span.replaceChildren(settled, marked);
  }

  commit(text: string): void {
    this.revert();
    const words = this.#written(text);
    if (words === "") return;
    this.#field.focus();
    const selection = this.#field.ownerDocument.getSelection();
    const { startContainer, startOffset, endContainer, endOffset } = this.#range;
    // Unlike `addRange`, also within a shadow root.
    selection?.setBaseAndExtent(startContainer, startOffset, endContainer, endOffset);
    if (this.#field.ownerDocument.execCommand?.("insertText", false, words)) return;
    this.#range.deleteContents();
    this.#range.insertNode(document.createTextNode(words));
    tell(this.#field, words);
  }

  revert(): void {
    this.#yield();
    const parent = this.#span?.parentNode;
    this.#span?.remove();
    this.#span = undefined;
    parent?.normalize();
  }
}

const marks = new WeakMap<Field, HTMLElement>();

/** Underlines a part of the field's text, by the same text, unseen, on top of it. */
function mark(field: TextField, from: number, to: number): void {
  unmark(field);
  if (from >= to) return;
  const style = getComputedStyle(field);
  const box = field.getBoundingClientRect();
  const copy = document.createElement("div");
  copy.ariaHidden = "true";
  copy.dataset.utterMark = "";
  for (const name of style) copy.style.setProperty(name, style.getPropertyValue(name));
  Object.assign(copy.style, {
    position: "fixed",
    left: `${box.left}px`,
    top: `${box.top}px`,
    width: `${box.width}px`,
    height: `${box.height}px`,
    overflow: "hidden",
    margin: "0",
    color: "transparent",
    webkitTextFillColor: "transparent",
    background: "none",
    boxShadow: "none",
    transform: "none",
    transition: "none",
    borderColor: "transparent",
    pointerEvents: "none",
    whiteSpace: field.localName === "input" ? "pre" : "pre-wrap",
  });
  const words = document.createElement("u");
  words.textContent = field.value.slice(from, to);
  words.style.textDecoration = `underline dotted ${style.color}`;
  copy.append(field.value.slice(0, from), words);
  // A dialog stands above all of the body.
  (field.closest("dialog, [popover]") ?? field.ownerDocument.body).append(copy);
  copy.scrollTop = field.scrollTop;
  copy.scrollLeft = field.scrollLeft;
  marks.set(field, copy);
}

function unmark(field: Field): void {
  marks.get(field)?.remove();
  marks.delete(field);
}
