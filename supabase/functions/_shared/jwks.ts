/**
 * Public signing keys of Supabase Auth, kept at hand.
 *
 * One fetch at a time. The set is refreshed in the background; past ten minutes a caller waits for the
 * refresh, so that a revoked key is not accepted after a quiet time. The last good set serves while Auth
 * is down. An unknown key id asks again at most once per cooldown, however many come.
 */

import { type CryptoKey, importJWK, type JWK } from "jose";
import { inBackground } from "./background.ts";
import { readAll } from "./body.ts";
import { Failure } from "./failure.ts";
import { kindOf, warn } from "./log.ts";

/** Age at which the set is refreshed. Auth itself allows 600 s (`Cache-Control: max-age=600`). */
const REFRESH_SECONDS = 300;
/** Age past which the set is used only if it cannot be refreshed. */
const MAX_AGE_SECONDS = 600;
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
  private held = false;
  private fetching: Promise<void> | undefined;

  constructor(supabaseUrl: string) {
    this.url = `${supabaseUrl}/auth/v1/.well-known/jwks.json`;
  }

  /**
   * Return the key called `kid`.
   *
   * @throws {Failure} `token_expired`: there is no such key, or no more: a new token has another;
   *   `auth_unavailable`: no set is held and none can be fetched now.
   */
  async key(kid: string): Promise<VerificationKey> {
    const now = performance.now() / 1000;
    const rested = now - this.triedAt > RETRY_SECONDS;
    const age = now - this.fetchedAt;
    const known = this.keys.get(kid);
    if (known !== undefined && age <= MAX_AGE_SECONDS) {
      if (rested && age > REFRESH_SECONDS) inBackground(this.refresh());
      return known;
    }
    if (this.held && age <= MAX_AGE_SECONDS && now - this.askedAt > COOLDOWN_SECONDS) {
      this.askedAt = now;
      await this.refresh();
    } else if (
      this.fetching !== undefined || (rested && (this.failed || age > MAX_AGE_SECONDS))
    ) {
      await this.refresh();
    }
    const found = this.keys.get(kid);
    if (found !== undefined) return found;
    if (this.failed || !this.held) {
      throw new Failure("auth_unavailable", undefined, { retryAfter: RETRY_SECONDS });
    }
    throw new Failure(
      "token_expired",
      "The access token is signed with an unknown key. Refresh it.",
    );
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
      this.held = true;
      if (this.keys.size === 0) warn("jwks_without_keys", {});
    } catch (error) {
      this.failed = true;
      warn("jwks_fetch_failed", { error: kindOf(error), held: this.keys.size });
    }
  }
}

/**
 * Return the signing keys of a JWKS (RFC 7517) that tokens are verified with: ES256 and RS256.
 *
 * A project that signs with a shared secret publishes an empty set, which is a set.
 */
async function usable(document: { keys?: unknown }): Promise<Map<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>();
  const entries = document?.keys;
  if (!Array.isArray(entries) || entries.some((one) => one === null || typeof one !== "object")) {
    throw new Error("not a JWKS");
  }
  for (const jwk of entries as JWK[]) {
    const algorithm = ALGORITHMS[jwk.kty === "EC" ? `EC ${jwk.crv}` : String(jwk.kty)];
    if (algorithm === undefined || !jwk.kid || (jwk.alg ?? algorithm) !== algorithm) continue;
    // The public part alone, whatever else the set holds.
    const { kty, crv, x, y, n, e } = jwk;
    const key = await importJWK({ kty, crv, x, y, n, e } as JWK, algorithm);
    if (key instanceof Uint8Array) continue;
    keys.set(jwk.kid, { key, algorithm });
  }
  if (keys.size === 0 && entries.some((one) => one.kty === "EC" || one.kty === "RSA")) {
    throw new Error("broken keys alone");
  }
  return keys;
}
