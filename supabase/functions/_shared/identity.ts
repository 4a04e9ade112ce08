/**
 * A bearer token becomes a user.
 *
 * Verified here, whatever stands before the function: `verify_jwt` lets API keys through, and
 * knows neither issuer nor audience.
 */

import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { Failure } from "./failure.ts";
import { LIMITS } from "./generated/constants.ts";
import type { Jwks } from "./jwks.ts";
import type { Settings } from "./settings.ts";

const AUDIENCE = "authenticated";
const LEEWAY_SECONDS = 10;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface User {
  /** UUID, lower case. */
  readonly id: string;
  readonly isAnonymous: boolean;
  /** Unix time, seconds. */
  readonly expiresAt: number;
}

type Key = Parameters<typeof jwtVerify>[1];

/** Checks access tokens. */
export class Verifier {
  constructor(private readonly settings: Settings, private readonly keys: Jwks) {}

  /**
   * Return the user that a Supabase access token stands for.
   *
   * @throws {Failure} `unauthenticated`, `token_expired`, `forbidden` or `auth_unavailable`.
   */
  async user(token: string): Promise<User> {
    if (token.startsWith("sb_")) {
      throw unauthenticated("That is an API key. Sign in and send the user's access token.");
    }
    if (token.length > LIMITS.max_access_token_characters || !JWT.test(token)) {
      throw unauthenticated("The access token is malformed.");
    }
    const [key, algorithm] = await this.keyFor(token);
    return this.userOf(await this.claims(token, key, algorithm));
  }

  /** Return the key and the one algorithm that this key may be used with. */
  private async keyFor(token: string): Promise<[Key, string]> {
    let header: { alg?: unknown; kid?: unknown };
    try {
      header = decodeProtectedHeader(token);
    } catch {
      throw unauthenticated("The access token is malformed.");
    }
    const { alg, kid } = header;
    if (alg === "HS256" && this.settings.jwtSecret !== undefined) {
      return [new TextEncoder().encode(this.settings.jwtSecret), "HS256"];
    }
    if ((alg !== "ES256" && alg !== "RS256") || typeof kid !== "string") {
      throw unauthenticated("The access token is signed in a way that is not accepted.");
    }
    const { key, algorithm } = await this.keys.key(kid);
    // The key's own type decides, never the token's header: else an RSA public key could be
    // passed off as an HMAC secret (RFC 8725, section 2.1).
    if (algorithm !== alg) {
      throw unauthenticated("The access token's signature does not match its key.");
    }
    return [key, algorithm];
  }

  private async claims(token: string, key: Key, algorithm: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        issuer: this.settings.issuer,
        audience: AUDIENCE,
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ["exp", "sub", "role", "iss", "aud"],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Failure("token_expired");
      throw unauthenticated("The access token is not valid here.");
    }
  }

  private userOf(claims: JWTPayload): User {
    const { iat, nbf, role, sub, exp, aud } = claims;
    const soon = Date.now() / 1000 + LEEWAY_SECONDS;
    const areTimes = [exp, nbf ?? 0, iat ?? 0].every(Number.isFinite) && (iat ?? 0) <= soon;
    if (!areTimes || ![aud].flat().every((one) => typeof one === "string")) {
      throw unauthenticated("The access token is not valid here.");
    }
    if (role !== "authenticated") {
      throw unauthenticated("The access token is not a signed-in user's.");
    }
    const id = typeof sub === "string" ? sub.toLowerCase() : "";
    if (!UUID.test(id)) throw unauthenticated("The access token names no user.");
    const user = { id, isAnonymous: claims.is_anonymous === true, expiresAt: Number(exp) };
    if (user.isAnonymous && !this.settings.allowAnonymous) {
      throw new Failure("forbidden", "Please sign in with an account to use this.");
    }
    return user;
  }
}

function unauthenticated(message: string): Failure {
  return new Failure("unauthenticated", message);
}
