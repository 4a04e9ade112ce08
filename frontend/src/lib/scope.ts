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

  /** Runs once after `ms` milliseconds. Returns a cancel function. */
  after(ms: number, run: () => void): () => void {
    const id = setTimeout(() => {
      forget();
      run();
    }, ms);
    const forget = this.add(() => clearTimeout(id));
    return () => {
      clearTimeout(id);
      forget();
    };
  }

  /** Runs every `ms` milliseconds. Returns a cancel function. */
  every(ms: number, run: () => void): () => void {
    const id = setInterval(run, ms);
    const forget = this.add(() => clearInterval(id));
    return () => {
      clearInterval(id);
      forget();
    };
  }

  /** Runs before each repaint with the frame's time in milliseconds. Returns a cancel function. */
  frames(run: (now: number) => void): () => void {
    let id = requestAnimationFrame(function step(now) {
      id = requestAnimationFrame(step);
      run(now);
    });
    const forget = this.add(() => cancelAnimationFrame(id));
    return () => {
      cancelAnimationFrame(id);
      forget();
    };
  }

  dispose(): void {
    if (this.disposed) return;
    this.#controller.abort();
    const disposers = [...this.#disposers].reverse();
    this.#disposers.clear();
    for (const dispose of disposers) dispose();
  }
}
