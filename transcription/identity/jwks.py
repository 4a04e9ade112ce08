"""Public signing keys of Supabase Auth, kept at hand.

One fetch at a time; refreshed in the background; the last good set serves while Auth is
down; an unknown key id asks again at most once per cooldown, however many come.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Final

import httpx
import jwt
import structlog

from transcription.errors import AuthUnavailable, Unauthenticated

REFRESH_SECONDS: Final = 300.0
"""Age at which the set is refreshed. Auth itself allows 600 s (`Cache-Control: max-age=600`)."""
COOLDOWN_SECONDS: Final = 30.0
"""Least time between two fetches that unknown key ids cause."""
RETRY_SECONDS: Final = 2.0
"""Least time between two fetches while no set is held."""
TIMEOUT_SECONDS: Final = 5.0
MAX_BYTES: Final = 65_536

_log = structlog.get_logger(__name__)


class Jwks:
    """The key set of one issuer.

    Args:
        url: Supabase's address; keys are at `/auth/v1/.well-known/jwks.json` below it.
        http: Client to fetch with; the caller owns it.
        clock: Monotonic seconds.
    """

    def __init__(
        self, url: str, *, http: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = f"{url}/auth/v1/.well-known/jwks.json"
        self._http = http
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._asked_at = float("-inf")
        self._failed = False
        self._fetch: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether a set is held."""
        return bool(self._keys)

    async def key(self, kid: str) -> jwt.PyJWK:
        """Return the key called `kid`.

        Raises:
            Unauthenticated: the issuer has no such key.
            AuthUnavailable: no set is held and none can be fetched now.
        """
        now = self._clock()
        rested = now - self._tried_at > RETRY_SECONDS
        if kid in self._keys:
            if rested and now - self._fetched_at > REFRESH_SECONDS:
                self._start_fetch()
            return self._keys[kid]
        if self._keys and now - self._asked_at > COOLDOWN_SECONDS:
            self._asked_at = now
            await self.refresh()
        elif self._fetching or (rested and (self._failed or not self._keys)):
            await self.refresh()
        if kid in self._keys:
            return self._keys[kid]
        if self._failed or not self._keys:
            raise AuthUnavailable(retry_after=RETRY_SECONDS)
        raise Unauthenticated("The access token is signed with an unknown key.")

    async def refresh(self) -> None:
        """Fetch the set now, or wait for the fetch that is under way; failure keeps the old."""
        # Shielded: one caller that goes away must not cancel the fetch that others wait for.
        await asyncio.shield(self._start_fetch())

    async def aclose(self) -> None:
        """End a fetch that is under way."""
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.gather(self._fetch, return_exceptions=True)

    @property
    def _fetching(self) -> bool:
        return self._fetch is not None and not self._fetch.done()

    def _start_fetch(self) -> asyncio.Task[None]:
        if self._fetch is None or self._fetch.done():
            self._tried_at = self._clock()
            self._fetch = asyncio.create_task(self._load(), name="jwks-fetch")
        return self._fetch

    async def _load(self) -> None:
        try:
            response = await self._http.get(self._url, timeout=TIMEOUT_SECONDS)
            response.raise_for_status()
            keys = _usable_keys(response.content)
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            self._failed = True
            _log.warning("jwks_fetch_failed", error=type(error).__name__, held=len(self._keys))
            return
        self._failed = False
        self._keys = keys
        self._fetched_at = self._clock()


def _usable_keys(body: bytes) -> dict[str, jwt.PyJWK]:
    """Return the signing keys of a JWKS (RFC 7517) that we verify with: ES256 and RS256.

    Raises:
        ValueError: it is too large, not a JWKS, or holds no such key.
    """
    if len(body) > MAX_BYTES:
        raise ValueError("JWKS too large")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("JWKS is no object")
    keys: dict[str, jwt.PyJWK] = {}
    for key in jwt.PyJWKSet.from_dict(document).keys:
        if key.key_id and key.algorithm_name in {"ES256", "RS256"}:
            keys[key.key_id] = key
    if not keys:
        raise ValueError("JWKS holds no usable key")
    return keys
