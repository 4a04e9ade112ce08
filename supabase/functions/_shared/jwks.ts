/**
 * Public signing keys of Supabase Auth, kept at hand.
 *
 * One fetch at a time; refreshed in the background; the last good set serves while Auth is down;
 * an unknown key id asks again at most once per cooldown, however many come.
 */

import { type CryptoKey, importJWK, type JWK } from "jose";
import { inBackground } from "./background.ts";
import { readAll } from "./body.ts";
import { Failure } from "./failure.ts";
import { kindOf, warn } from "./log.ts";

/** Age at which the set is refreshed. Auth itself allows 600 s (`Cache-Control: max-age=600`). */
const REFRESH_SECONDS = 300;
/** Least time between two fetches that unknown key ids cause. */
const COOLDOWN_SECONDS = 30;
/** Least time between two fetches while no set is held. */
const RETRY_SECONDS = 2;
const TIMEOUT_SECONDS = 5;
const MAX_BYTES = 65_536;
const ALGORITHMS: Record<string, string> = { "EC P-256": "ES256", "RSA": "RS256" };

export interface VerificationKey {
  readonly key: CryptoKey;
  /** The one algorithm that this key may be used with. */
  readonly algorithm: string;
}

/** The key set of one issuer. */
export class Jwks {
  private readonly url: string;
  private keys = new Map<string, VerificationKey>();
  private fetchedAt = -Infinity;
  private triedAt = -Infinity;
  private askedAt = -Infinity;
  private failed = false;
  private fetching: Promise<void> | undefined;

  constructor(supabaseUrl: string) {
    this.url = `${supabaseUrl}/auth/v1/.well-known/jwks.json`;
  }

  /**
   * Return the key called `kid`.
   *
   * @throws {Failure} `unauthenticated`: there is no such key; `auth_unavailable`: no set is held
   *   and none can be fetched now.
   */
  async key(kid: string): Promise<VerificationKey> {
    const now = performance.now() / 1000;
    const rested = now - this.triedAt > RETRY_SECONDS;
    const held = this.keys.get(kid);
    if (held !== undefined) {
      if (rested && now - this.fetchedAt > REFRESH_SECONDS) inBackground(this.refresh());
      return held;
    }
    if (this.keys.size > 0 && now - this.askedAt > COOLDOWN_SECONDS) {
      this.askedAt = now;
      await this.refresh();
    } else if (this.fetching !== undefined || (rested && (this.failed || this.keys.size === 0))) {
      await this.refresh();
    }
    const found = this.keys.get(kid);
    if (found !== undefined) return found;
    if (this.failed || this.keys.size === 0) {
      throw new Failure("auth_unavailable", undefined, { retryAfter: RETRY_SECONDS });
    }
    throw new Failure("unauthenticated", "The access token is signed with an unknown key.");
  }

  /** Fetch the set now, or wait for the fetch that is under way; failure keeps the old one. */
  private refresh(): Promise<void> {
    this.triedAt = performance.now() / 1000;
    this.fetching ??= this.load().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async load(): Promise<void> {
    try {
      const response = await fetch(this.url, {
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
      });
      const body = await readAll(response.body, MAX_BYTES);
      if (response.status !== 200) throw new Error("status");
      this.keys = await usable(JSON.parse(new TextDecoder().decode(body)));
      this.fetchedAt = performance.now() / 1000;
      this.failed = false;
    } catch (error) {
      this.failed = true;
      warn("jwks_fetch_failed", { error: kindOf(error), held: this.keys.size });
    }
  }
}

/** Return the signing keys of a JWKS (RFC 7517) that tokens are verified with: ES256 and RS256. */
async function usable(document: { keys?: unknown }): Promise<Map<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>();
  for (const jwk of (Array.isArray(document?.keys) ? document.keys : []) as JWK[]) {
    const algorithm = ALGORITHMS[jwk.kty === "EC" ? `EC ${jwk.crv}` : String(jwk.kty)];
    if (algorithm === undefined || !jwk.kid || (jwk.alg ?? algorithm) !== algorithm) continue;
    // The public part alone, whatever else the set holds.
    const { kty, crv, x, y, n, e } = jwk;
    const key = await importJWK({ kty, crv, x, y, n, e } as JWK, algorithm);
    if (key instanceof Uint8Array) continue;
    keys.set(jwk.kid, { key, algorithm });
  }
  if (keys.size === 0) throw new Error("no usable key");
  return keys;
}
