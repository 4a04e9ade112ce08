/** A line to somebody else's port that can be cut, as a network cuts one: without a goodbye. */
import { createServer, connect as dial, type Server, type Socket } from "node:net";

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
   */
  static async to(target: string, cutAfter = Number.POSITIVE_INFINITY): Promise<Line> {
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
        end.pipe(other);
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
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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
