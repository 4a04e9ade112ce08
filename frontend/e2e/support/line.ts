/** A line to someone else's port that can be cut, as a network cuts one: without a goodbye; or slow. */
import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** Bytes that go through in one turn of a slow line. */
const TURN = 1024;

/** What a slow line carries, one way and of all its connections together. */
class Pace {
  readonly #rate: number;
  #free = 0;

  /** @param rate Bytes a second. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Hands bytes on, in their turn. */
  async carry(data: Buffer, to: Socket): Promise<void> {
    for (let at = 0; at < data.length; at += TURN) {
      const piece = data.subarray(at, at + TURN);
      this.#free = Math.max(this.#free, performance.now()) + (piece.length / this.#rate) * 1000;
      const wait = this.#free - performance.now();
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (to.writable) to.write(piece);
    }
  }
}

/** Both ways of a slow line. */
export interface Slowness {
  readonly near: Pace;
  readonly far: Pace;
}

/** @param rate Bytes a second, each way. */
export const slow = (rate: number): Slowness => ({ near: new Pace(rate), far: new Pace(rate) });

function crawl(from: Socket, to: Socket, pace: Pace): void {
  let before: Promise<void> = Promise.resolve();
  from.on("data", (data: Buffer) => {
    from.pause();
    before = before.then(() => pace.carry(data, to)).then(() => void from.resume());
  });
  from.on("end", () => void before.then(() => to.end()));
}

export class Line {
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  /** Bytes from the near side. */
  sent = 0;
  /** How often `cutAfter` has cut one. */
  cuts = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param target Address whose host and port are reached through the line.
   * @param cutAfter Bytes from the near side after which a connection is cut.
   * @param slowness What other lines may share; none is as quick as this machine.
   */
  static async to(
    target: string,
    cutAfter = Number.POSITIVE_INFINITY,
    { slowness, port: own = 0 }: { readonly slowness?: Slowness; readonly port?: number } = {},
  ): Promise<Line> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    const line = new Line(server);
    server.on("connection", (near) => {
      const far = dial(Number(port), hostname);
      for (const [end, other] of [
        [near, far],
        [far, near],
      ] as const) {
        line.#ends.add(end);
        if (slowness) crawl(end, other, end === near ? slowness.near : slowness.far);
        else end.pipe(other);
        if (end === near) {
          let sent = 0;
          end.on("data", (data: Buffer) => {
            sent += data.length;
            line.sent += data.length;
            if (sent < cutAfter) return;
            line.cuts += 1;
            end.resetAndDestroy();
            other.resetAndDestroy();
          });
        }
        end.on("error", () => other.destroy());
        end.on("close", () => {
          line.#ends.delete(end);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(own, "127.0.0.1", resolve));
    return line;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The line has no port.");
    return `http://127.0.0.1:${address.port}`;
  }

  cut(): void {
    for (const end of this.#ends) end.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
