"""A bearer token becomes a user.

Supabase Auth signs with ES256 or RS256 keys that it publishes as a JWKS; older projects
sign HS256 with a shared secret, which is accepted only where that secret is set.
"""

import re
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

import jwt
from pydantic import SecretStr

from shared_schema.limits import MAX_ACCESS_TOKEN_CHARACTERS
from transcription.errors import Forbidden, TokenExpired, Unauthenticated

AUDIENCE: Final = "authenticated"
LEEWAY_SECONDS: Final = 10
_API_KEY_PREFIX: Final = "sb_"
_NOT_VALID: Final = "The access token is not valid here."
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class User:
    """Who is calling."""

    id: str
    """UUID, lower case."""
    is_anonymous: bool
    session_id: str | None
    """The sign-in that the token belongs to."""
    expires_at: float
    """Unix time, seconds."""


class KeySource(Protocol):
    """Where verification keys come from."""

    async def key(self, kid: str) -> jwt.PyJWK:
        """Return the key called `kid`.

        Raises:
            Unauthenticated: there is no such key.
            AuthUnavailable: no keys are held and none can be fetched.
        """


class Verifier:
    """Checks access tokens.

    Args:
        issuer: `iss` that a token must carry.
        keys: Public keys by `kid`.
        secret: Shared secret of HS256 projects; without it HS256 is refused.
        allow_anonymous: Whether anonymous users may call.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeySource,
        secret: SecretStr | None = None,
        allow_anonymous: bool = True,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._secret = secret
        self._allow_anonymous = allow_anonymous

    async def user(self, token: str) -> User:
        """Return the user that a Supabase access token stands for.

        Raises:
            Unauthenticated: malformed, badly signed, of another issuer or audience, or an API key.
            TokenExpired: `exp` has passed.
            Forbidden: the user is anonymous and such users may not call.
            AuthUnavailable: no signing keys can be had.
        """
        if token.startswith(_API_KEY_PREFIX):
            message = "That is an API key. Sign in and send the user's access token."
            raise Unauthenticated(message)
        if len(token) > MAX_ACCESS_TOKEN_CHARACTERS or not _JWT.fullmatch(token):
            raise Unauthenticated("The access token is malformed.")
        key, algorithm = await self._key_for(token)
        return self._user_of(self._claims(token, key, algorithm))

    async def _key_for(self, token: str) -> tuple[Any, str]:
        """Return the key and the one algorithm that this key may be used with."""
        try:
            header = _header(token.partition(".")[0])
        except (jwt.InvalidTokenError, UnicodeError):
            raise Unauthenticated("The access token is malformed.") from None
        algorithm = header.get("alg")
        if algorithm == "HS256" and self._secret is not None:
            return self._secret.get_secret_value(), "HS256"
        kid = header.get("kid")
        # Looked up in a tuple: a forged header's `alg` may be a list, which has no hash.
        if algorithm not in ("ES256", "RS256") or not isinstance(kid, str):
            raise Unauthenticated("The access token is signed in a way that is not accepted.")
        key = await self._keys.key(kid)
        # The key's own type decides, never the token's header: else an RSA public key could
        # be passed off as an HMAC secret (RFC 8725, section 2.1).
        if key.algorithm_name != algorithm:
            raise Unauthenticated("The access token's signature does not match its key.")
        return key.key, algorithm

    def _claims(self, token: str, key: Any, algorithm: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=AUDIENCE,
                options={
                    "require": ["exp", "sub", "role", "iss", "aud"],
                    # PyJWT takes a text for a number.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_jti": False,
                },
            )
        except (jwt.InvalidTokenError, TypeError, ValueError):
            raise Unauthenticated(_NOT_VALID) from None
        _check_times(claims, time.time())
        return claims

    def _user_of(self, claims: dict[str, Any]) -> User:
        if claims["role"] != "authenticated":
            raise Unauthenticated("The access token is not a signed-in user's.")
        subject = str(claims["sub"]).lower()
        if not _UUID.fullmatch(subject):
            raise Unauthenticated("The access token names no user.")
        session = claims.get("session_id")
        user = User(
            id=subject,
            is_anonymous=claims.get("is_anonymous") is True,
            session_id=session if isinstance(session, str) else None,
            expires_at=float(claims["exp"]),
        )
        if user.is_anonymous and not self._allow_anonymous:
            raise Forbidden("Please sign in with an account to use this.")
        return user


@lru_cache(maxsize=64)
def _header(head: str) -> dict[str, Any]:
    """Return what a token's first part holds; all tokens that one key signs begin alike."""
    return jwt.get_unverified_header(f"{head}..")


def _check_times(claims: dict[str, Any], now: float) -> None:
    """Refuse a token whose times are no numbers (RFC 7519, section 2), or not now.

    Raises:
        TokenExpired: `exp` has passed.
        Unauthenticated: a time is none, or `nbf` or `iat` is still to come.
    """
    for name in ("exp", "nbf", "iat"):
        told = claims.get(name, now)
        is_number = isinstance(told, int | float) and not isinstance(told, bool)
        # An integer may be too long for a float, which is what comparisons with the clock are.
        if not is_number or not abs(told) <= sys.float_info.max:
            raise Unauthenticated(_NOT_VALID)
    if claims["exp"] <= now - LEEWAY_SECONDS:
        raise TokenExpired
    if any(claims.get(name, now) > now + LEEWAY_SECONDS for name in ("nbf", "iat")):
        raise Unauthenticated(_NOT_VALID)
