"""Who calls: a key that opens the gateway, and perhaps a person's token."""

from dataclasses import dataclass, field
from typing import Any

import jwt
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local_stack.api_keys import ApiKeys, KeyRole
from local_stack.errors import HttpError
from local_stack.signing_keys import SigningKeys

ROLES = frozenset({"anon", "authenticated", "service_role"})


class BadApiKeyError(HttpError):
    """No key, or one that is not ours: refused before any service is reached."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def response(self, request: Request) -> Response:
        """HTTP 401, as Supabase's gateway phrases it."""
        return JSONResponse({"message": self.message, "hint": self.hint}, 401)


class BadTokenError(Exception):
    """The bearer token is malformed, forged, expired or for a role that does not exist."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.expired = expired


@dataclass(frozen=True)
class Caller:
    """A database role and the claims that policies read.

    Attributes:
        role: ``anon``, ``authenticated`` or ``service_role``.
        claims: Of the access token; for a bare key only the role.
    """

    role: str
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str | None:
        """The user's id; ``None`` for a bare key."""
        return self.claims.get("sub")


class Callers:
    """Tells callers from the two headers that Supabase's clients send.

    A key is no JWT: it stands in ``apikey``, and as bearer only where it equals that.
    """

    def __init__(self, keys: ApiKeys, signing_keys: SigningKeys) -> None:
        self._keys = keys
        self._signing_keys = signing_keys

    def key_role(self, headers: Headers) -> KeyRole:
        """The role of the key in ``apikey``.

        Raises:
            BadApiKeyError: It is missing, or not ours.
        """
        apikey = headers.get("apikey")
        if apikey is None:
            raise BadApiKeyError(
                "No API key found in request",
                "No `apikey` request header or url param was found.",
            )
        role = self._keys.role(apikey)
        if role is None:
            raise BadApiKeyError(
                "Invalid API key", "Double check your publishable or secret API key."
            )
        return role

    def token(self, headers: Headers) -> str | None:
        """The bearer token; ``None`` without one, or where it only repeats the key."""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials or credentials == headers.get("apikey"):
            return None
        return credentials

    def resolve(self, headers: Headers) -> Caller:
        """The role to act as: the token's where there is one, else the key's.

        Raises:
            BadApiKeyError: See :meth:`key_role`.
            BadTokenError: See :meth:`verify`.
        """
        role = self.key_role(headers)
        token = self.token(headers)
        if token is None:
            return Caller(role, {"role": role})
        return self.verify(token)

    def verify(self, token: str) -> Caller:
        """The caller that an access token names.

        Raises:
            BadTokenError: It does not verify, or names a role that is not ours.
        """
        try:
            claims = self._signing_keys.verify(token)
        except jwt.ExpiredSignatureError as error:
            raise BadTokenError("token is expired", expired=True) from error
        except jwt.InvalidTokenError as error:
            raise BadTokenError("unable to parse or verify signature") from error
        if claims["role"] not in ROLES:
            raise BadTokenError(f"role {claims['role']!r} does not exist")
        return Caller(claims["role"], claims)
