/** The text of a recording, over all sessions that heard a part of it. */
import { joinGrowing, joinSeam } from "./seam";

/** Grows by deltas; each new session's text is joined to what stands before it. */
export class Transcript {
  #before = "";
  #session = "";
  #text = "";

  /** The whole transcript so far; while a seam is unclear, without the new session's. */
  get text(): string {
    return this.#text;
  }

  /** Appends to the current session's text. */
  add(delta: string): void {
    this.#session += delta;
    this.#text = this.#before === "" ? this.#session : joinGrowing(this.#before, this.#session);
  }

  /** Replaces the current session's text by what its `final` says. */
  correct(text: string): void {
    this.#session = text;
    this.#text = joinSeam(this.#before, text);
  }

  /** Ends the current session's text. */
  settle(): void {
    this.#text = joinSeam(this.#before, this.#session);
    this.#before = this.#text;
    this.#session = "";
  }
}
