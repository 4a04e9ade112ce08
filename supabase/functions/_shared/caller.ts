/** Who is calling, and from where. */

import { isIP } from "node:net";
import { Failure } from "./failure.ts";
import type { User, Verifier } from "./identity.ts";

export interface Caller {
  readonly user: User;
  /** The access token, as it was verified. */
  readonly token: string;
  /** IP address. */
  readonly address: string | null;
}

/**
 * Return who sent a request.
 *
 * @param peer Address of the socket's other end.
 * @param hops How many proxies of ours stand before the function; each adds one address at the
 *   right of `X-Forwarded-For`. What stands further left is the caller's own claim.
 * @throws {Failure} as `Verifier.user`.
 */
export async function callerOf(
  request: Request,
  verifier: Verifier,
  peer: string | undefined,
  hops: number,
): Promise<Caller> {
  const [, token] = /^bearer +([^\s,]+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  if (token === undefined) {
    throw new Failure(
      "unauthenticated",
      "Sign in and send 'Authorization: Bearer <access token>'.",
    );
  }
  const user = await verifier.user(token);
  return { user, token, address: addressOf(request, peer, hops) };
}

function addressOf(request: Request, peer: string | undefined, hops: number): string | null {
  const claimed = (request.headers.get("X-Forwarded-For") ?? "").split(",").map((s) => s.trim());
  const believed = hops > 0 && hops <= claimed.length ? claimed.at(-hops) : undefined;
  for (const candidate of [believed, peer]) {
    const address = (candidate ?? "").replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
    if (isIP(address) !== 0) return address;
  }
  return null;
}
