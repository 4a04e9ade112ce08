/** Server-sent events (HTML standard, section 9.2) from a job to a reader who may leave. */

import type { DeltaEvent, ErrorEvent, FinalEvent, SegmentEvent } from "./generated/protocol.ts";
import { mediaType } from "./parameters.ts";

const MEDIA_TYPE = "text/event-stream";
/** Between two comments, so that no proxy takes a thinking provider for a dead one. */
const KEEP_ALIVE_SECONDS = 15;
/** How long a reader may leave an event unread. */
const UNREAD_SECONDS = 30;
const WAITING = 256;

type Event = DeltaEvent | SegmentEvent | FinalEvent | ErrorEvent;

/** A bounded queue. A slow reader slows the job down; one who has left does not. */
export class EventStream {
  /** Whether the answer has begun: from now on, failures are events. */
  begun = false;
  private readonly encoder = new TextEncoder();
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private readonly readable: ReadableStream<Uint8Array>;
  private readonly keepAlive: ReturnType<typeof setInterval>;
  private readonly start = Promise.withResolvers<void>();
  private left = false;

  constructor() {
    const counted = new CountQueuingStrategy({ highWaterMark: WAITING });
    const pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, counted, counted);
    this.readable = pipe.readable;
    this.writer = pipe.writable.getWriter();
    this.writer.closed.catch(() => this.leave());
    this.keepAlive = setInterval(() => {
      if (this.begun && !this.left && (this.writer.desiredSize ?? 0) > 0) this.write(":\n\n");
    }, KEEP_ALIVE_SECONDS * 1000);
  }

  /** Let the answer begin. */
  begin(): void {
    this.begun = true;
    this.start.resolve();
  }

  async send(event: Event): Promise<void> {
    if (this.left) return;
    this.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unread = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.leave();
        resolve();
      }, UNREAD_SECONDS * 1000);
    });
    await Promise.race([this.writer.ready.catch(() => {}), unread]);
    clearTimeout(timer);
  }

  /** Say that nothing more comes; what a reader has not read yet stays for them. */
  end(): void {
    clearInterval(this.keepAlive);
    if (!this.left) this.writer.close().catch(() => this.leave());
  }

  /**
   * Wait until the answer begins, and return it.
   *
   * @throws what ended the job before that.
   */
  async answer(job: Promise<void>): Promise<Response> {
    await Promise.race([this.start.promise, job]);
    return new Response(this.readable, {
      // The second keeps nginx from collecting the stream before it passes it on.
      headers: { "Content-Type": MEDIA_TYPE, "X-Accel-Buffering": "no" },
    });
  }

  private write(text: string): void {
    this.writer.write(this.encoder.encode(text)).catch(() => this.leave());
  }

  /** The reader is gone. */
  private leave(): void {
    if (this.left) return;
    this.left = true;
    clearInterval(this.keepAlive);
    this.writer.abort().catch(() => {});
  }
}

/** Whether an `Accept` header asks for events, by their name. */
export function isWanted(accept: string | null): boolean {
  return (accept ?? "").split(",").some((range) => mediaType(range) === MEDIA_TYPE);
}
