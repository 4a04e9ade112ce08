"""URLs that carry their own permission, for a while."""

import time
from typing import Any

import jwt

from local_stack.storage.errors import StorageError
from local_stack.storage.objects import Place

ALGORITHM = "HS256"
UPLOAD_SECONDS = 7200
LONGEST_SECONDS = 10 * 365 * 24 * 3600


class Signatures:
    """Signs and checks with one secret, which signs nothing else.

    Args:
        secret: Of the data folder.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign_download(self, place: Place, seconds: int) -> str:
        """A token that lets its bearer read an object for some seconds."""
        return self._sign({"url": str(place)}, seconds)

    def sign_upload(self, place: Place, owner: str | None, *, over: bool) -> str:
        """A token that lets its bearer write one object in a user's name, for two hours."""
        claims = {"url": str(place), "upload": True, "owner": owner, "upsert": over}
        return self._sign(claims, UPLOAD_SECONDS)

    def check(self, token: str | None, place: Place, *, upload: bool = False) -> dict[str, Any]:
        """The claims of a token for an object.

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
        if claims["url"] != str(place) or claims.get("upload", False) is not upload:
            raise StorageError(400, "InvalidSignature", "The url do not match the signature")
        return claims

    def _sign(self, claims: dict[str, Any], seconds: int) -> str:
        now = int(time.time())
        return jwt.encode({**claims, "iat": now, "exp": now + seconds}, self._secret, ALGORITHM)
