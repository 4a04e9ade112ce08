"""Access tokens with the claims that Supabase Auth puts into them."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from local_stack.signing_keys import SigningKeys

AUDIENCE = "authenticated"


@dataclass(frozen=True)
class Method:
    """How a person proved who they are (RFC 8176 ``amr``, in Supabase's shape).

    Attributes:
        name: ``anonymous`` or ``password``.
        at: Seconds since the epoch.
    """

    name: str
    at: int


class AccessTokens:
    """Issues tokens for one public address.

    Args:
        keys: What signs them.
        issuer: ``<public URL>/auth/v1``.
        lifetime: Seconds until a token expires.
    """

    def __init__(self, keys: SigningKeys, issuer: str, *, lifetime: int) -> None:
        self._keys = keys
        self._issuer = issuer
        self.lifetime = lifetime

    def issue(self, user: dict[str, Any], session_id: UUID, method: Method) -> tuple[str, int]:
        """A token for one session of a user.

        Args:
            user: As Supabase Auth shows it.
            session_id: The session that the token belongs to.
            method: How that session began.

        Returns:
            The token, and when it expires (seconds since the epoch).
        """
        now = int(time.time())
        expires_at = now + self.lifetime
        claims = {
            "iss": self._issuer,
            "sub": str(user["id"]),
            "aud": AUDIENCE,
            "exp": expires_at,
            "iat": now,
            "email": user["email"],
            "phone": user["phone"],
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "role": user["role"],
            "aal": "aal1",
            "amr": [{"method": method.name, "timestamp": method.at}],
            "session_id": str(session_id),
            "is_anonymous": user["is_anonymous"],
        }
        return self._keys.sign(claims), expires_at
