/** One owner for every listener, timer and frame: disposing it ends them all. */
export class Scope {
  readonly #controller = new AbortController();
  readonly #disposers = new Set<() => void>();

  constructor(parent?: Scope) {
    if (parent) {
      const forget = parent.add(() => this.dispose());
      this.add(forget);
    }
  }

  /** Aborts when the scope is disposed; hand it to `fetch` and friends. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get disposed(): boolean {
    return this.signal.aborted;
  }

  /** Registers a disposer. Returns a function that takes it off the list without running it. */
  add(disposer: () => void): () => void {
    if (this.disposed) {
      disposer();
      return () => {};
    }
    this.#disposers.add(disposer);
    return () => this.#disposers.delete(disposer);
  }

  listen(target: EventTarget, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener, { signal: this.signal });
  }

  /** Ends something with the scope. Returns a function that ends it at once. */
  #until(end: () => void): () => void {
    const forget = this.add(end);
    return () => {
      end();
      forget();
    };
  }

  /** Runs once after `ms` milliseconds. Returns a cancel function. */
  after(ms: number, run: () => void): () => void {
    const id = setTimeout(() => {
      cancel();
      run();
    }, ms);
    const cancel = this.#until(() => clearTimeout(id));
    return cancel;
  }

  /** Runs every `ms` milliseconds. Returns a cancel function. */
  every(ms: number, run: () => void): () => void {
    const id = setInterval(run, ms);
    return this.#until(() => clearInterval(id));
  }

  /** Runs before each repaint with the frame's time in milliseconds. Returns a cancel function. */
  frames(run: (now: number) => void): () => void {
    let id = requestAnimationFrame(function step(now) {
      id = requestAnimationFrame(step);
      run(now);
    });
    return this.#until(() => cancelAnimationFrame(id));
  }

  dispose(): void {
    if (this.disposed) return;
    this.#controller.abort();
    const disposers = [...this.#disposers].reverse();
    this.#disposers.clear();
    for (const dispose of disposers) dispose();
  }
}
