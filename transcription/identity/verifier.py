"""A bearer token becomes a user.

Supabase Auth signs with ES256 or RS256 keys that it publishes as a JWKS; older projects
sign HS256 with a shared secret, which is accepted only where that secret is set.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import jwt
from pydantic import SecretStr

from shared_schema.limits import MAX_ACCESS_TOKEN_CHARACTERS
from transcription.errors import Forbidden, TokenExpired, Unauthenticated

AUDIENCE: Final = "authenticated"
LEEWAY_SECONDS: Final = 10
_API_KEY_PREFIX: Final = "sb_"


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
        ...


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
        if len(token) > MAX_ACCESS_TOKEN_CHARACTERS:
            raise Unauthenticated("The access token is malformed.")
        key, algorithm = await self._key_for(token)
        return self._user_of(self._claims(token, key, algorithm))

    async def _key_for(self, token: str) -> tuple[Any, str]:
        """Return the key and the one algorithm that this key may be used with."""
        try:
            header = jwt.get_unverified_header(token)
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
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub", "role", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.InvalidTokenError, TypeError, ValueError):
            raise Unauthenticated("The access token is not valid here.") from None

    def _user_of(self, claims: dict[str, Any]) -> User:
        if claims["role"] != "authenticated":
            raise Unauthenticated("The access token is not a signed-in user's.")
        try:
            subject = str(UUID(claims["sub"]))
        except (ValueError, AttributeError, TypeError):
            raise Unauthenticated("The access token names no user.") from None
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
