"""URLs that carry their own permission, for a while."""

import time
from typing import Any

import jwt

from local_stack.storage.errors import StorageError
from local_stack.storage.objects import Place

ALGORITHM = "HS256"
LONGEST_SECONDS = 10 * 365 * 24 * 3600


class Signatures:
    """Signs and checks with one secret, which signs nothing else.

    Args:
        secret: Of the data folder.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, place: Place, seconds: int) -> str:
        """A token that lets its bearer read an object for some seconds."""
        now = int(time.time())
        claims = {"url": str(place), "iat": now, "exp": now + seconds}
        return jwt.encode(claims, self._secret, ALGORITHM)

    def check(self, token: str | None, place: Place) -> None:
        """Refuse a token that does not open an object.

        Raises:
            StorageError: Forged, expired, or for something else.
        """
        if not token:
            raise StorageError.bad_request("querystring must have required property 'token'")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._secret, algorithms=[ALGORITHM], options={"require": ["exp", "url"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise StorageError(400, "InvalidJWT", "jwt expired") from error
        except jwt.InvalidTokenError as error:
            raise StorageError(400, "InvalidJWT", "invalid signature") from error
        if claims["url"] != str(place):
            raise StorageError(400, "InvalidSignature", "The url do not match the signature")
