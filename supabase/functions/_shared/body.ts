/** Bodies as they arrive, counted while they are read. */

import { Failure } from "./failure.ts";

/** Voices may stand in it. */
export const MAX_JSON_BYTES = 256 * 1024;
const FIRST_BYTES = 256 * 1024;
/** Of a body, before its sender is believed to mean all that was announced. */
const PROMISED_BYTES = 2 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
const LINGER_SECONDS = 30;
/** A client that has stopped sending has read the answer. */
const LINGER_IDLE_SECONDS = 2;
/** Requests whose bodies were read to their end. */
const ended = new WeakSet<Request>();

/** How slowly a body may come. */
export interface Pace {
  /** For all of it. */
  readonly seconds: number;
  /** Between two pieces. */
  readonly idleSeconds: number;
  /** On average, after the first `idleSeconds`. */
  readonly bytesPerSecond: number;
}

/**
 * Iterate over a request's body.
 *
 * @param maxBytes Refused when it is reached, and not after.
 * @param take Takes room for each piece.
 * @throws {Failure} `payload_too_large`; `request_timeout`: it comes too slowly; `invalid_message`:
 *   it breaks off.
 */
export async function* pieces(
  request: Request,
  maxBytes: number,
  pace: Pace,
  take: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const tooLarge = new Failure(
    "payload_too_large",
    `The request is larger than ${maxBytes.toLocaleString("en")} bytes.`,
  );
  if (Number(request.headers.get("Content-Length") ?? 0) > maxBytes) throw tooLarge;
  if (request.body === null) return;
  const reader = request.body.getReader();
  const began = performance.now();
  let received = 0;
  try {
    while (true) {
      const seconds = Math.min(
        pace.seconds,
        pace.idleSeconds + received / pace.bytesPerSecond,
      );
      const left = began + seconds * 1000 - performance.now();
      const wait = Math.min(left, pace.idleSeconds * 1000);
      const piece = await within(wait, reader.read().catch(brokenOff));
      if (piece === LATE) {
        throw new Failure("request_timeout", "The body of the request came too slowly.");
      }
      if (piece.done) {
        ended.add(request);
        return;
      }
      received += piece.value.length;
      if (received > maxBytes) throw tooLarge;
      take(piece.value.length);
      yield piece.value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** Read a request's JSON body as text. */
export async function readText(request: Request, pace: Pace): Promise<string> {
  const gathered = new Gathered(0);
  for await (const piece of pieces(request, MAX_JSON_BYTES, pace)) gathered.add(piece);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(gathered.bytes);
  } catch {
    throw new Failure("invalid_message", "The body is not UTF-8.");
  }
}

/**
 * Read another server's answer.
 *
 * @throws {RangeError} it is larger than it should be.
 */
export async function readAll(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const gathered = new Gathered(0);
  for await (const chunk of body ?? []) {
    if (gathered.size + chunk.length > maxBytes) throw new RangeError("too large");
    gathered.add(chunk);
  }
  return gathered.bytes;
}

/**
 * Return an answer that stays open until the request's body has run out, or for a while: a client
 * that is still sending when its connection is cut would never read why.
 *
 * @param maxBytes Of what is read and thrown away.
 */
export function lingering(answer: Response, request: Request, maxBytes: number): Response {
  const { body } = request;
  if (body === null || body.locked || ended.has(request)) return answer;
  const told = answer.body?.getReader();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (let piece = await told?.read(); piece?.value; piece = await told?.read()) {
        controller.enqueue(piece.value);
      }
      await runOut(body, maxBytes);
      controller.close();
    },
  });
  const headers = new Headers(answer.headers);
  headers.set("Connection", "close");
  return new Response(stream, { status: answer.status, headers });
}

async function runOut(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<void> {
  const reader = body.getReader();
  const until = performance.now() + LINGER_SECONDS * 1000;
  try {
    for (let size = 0; size < maxBytes && performance.now() < until;) {
      const piece = await within(LINGER_IDLE_SECONDS * 1000, reader.read());
      if (piece === LATE || piece.done) return;
      size += piece.value.length;
    }
  } catch {
    // The caller has gone.
  } finally {
    // Else the server would wait for the rest before it closes the connection.
    await reader.cancel().catch(() => {});
  }
}

/** Return bytes as a stream of pieces: as a whole, `fetch` would copy them. */
export function inPieces(...parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    pull(controller) {
      const part = left.shift();
      if (part === undefined) {
        controller.close();
        return;
      }
      controller.enqueue(part.subarray(0, PIECE_BYTES));
      if (part.length > PIECE_BYTES) left.unshift(part.subarray(PIECE_BYTES));
    },
  }, { highWaterMark: 0 });
}

/** Gathers pieces in one place, so that a file lies in memory once. */
export class Gathered {
  private place: Uint8Array<ArrayBuffer>;
  size = 0;

  /** @param expected The most bytes that will come, as far as the sender says. */
  constructor(private readonly expected: number) {
    this.place = new Uint8Array(0);
  }

  add(piece: Uint8Array): void {
    const size = this.size + piece.length;
    if (size > this.place.length) {
      // A promise gets no large buffer: it is made when a part has arrived.
      const doubled = Math.max(size, 2 * this.place.length, FIRST_BYTES);
      const promised = size > PROMISED_BYTES && this.expected >= size;
      const larger = new Uint8Array(promised ? this.expected : doubled);
      larger.set(this.place.subarray(0, this.size));
      this.place = larger;
    }
    this.place.set(piece, this.size);
    this.size = size;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.place.subarray(0, this.size);
  }
}

function brokenOff(): never {
  throw new Failure("invalid_message", "The body of the request broke off.");
}

const LATE = Symbol("late");

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | typeof LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
