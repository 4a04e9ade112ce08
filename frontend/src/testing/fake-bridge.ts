/** A bridge within the page: opens at once, takes everything, and says what a test says. */
export class FakeBridge extends EventTarget {
  static all: FakeBridge[] = [];
  readonly bufferedAmount = 0;
  readonly sent: (string | Int16Array)[] = [];
  /** What its `final` holds. */
  text = "";
  isClosed = false;

  constructor() {
    super();
    FakeBridge.all.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  send(data: string | Int16Array): void {
    this.sent.push(data);
    if (typeof data !== "string") return;
    const { type } = JSON.parse(data) as { type: string };
    if (type === "start") {
      this.say({ type: "ready", session_id: "s", max_seconds: 300, resume_rewind_ms: 0 });
    } else if (type === "stop") {
      this.say({ type: "final", text: this.text, status: "complete" });
    }
  }

  close(): void {
    this.isClosed = true;
  }

  say(message: object): void {
    queueMicrotask(() =>
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) })),
    );
  }

  hear(text: string): void {
    this.text += text;
    this.say({ type: "delta", text });
  }

  /** Of audio, so far. */
  get samples(): number {
    return this.sent.reduce((sum, each) => sum + (typeof each === "string" ? 0 : each.length), 0);
  }
}
