"""Public signing keys of Supabase Auth, kept at hand.

One fetch at a time. The set is refreshed in the background; past ten minutes a caller waits for the
refresh, so that a revoked key is not accepted after a quiet time. The last good set serves while
Auth is down. An unknown key id asks again at most once per cooldown, however many come.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Final

import httpx
import jwt
import structlog

from transcription.errors import AuthUnavailable, TokenExpired

REFRESH_SECONDS: Final = 300.0
"""Age at which the set is refreshed. Auth itself allows 600 s (`Cache-Control: max-age=600`)."""
MAX_AGE_SECONDS: Final = 600.0
"""Age past which the set is used only if it cannot be refreshed."""
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
        self._held = False
        self._fetch: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether there are keys to verify with."""
        return bool(self._keys)

    async def key(self, kid: str) -> jwt.PyJWK:
        """Return the key called `kid`.

        Raises:
            TokenExpired: the issuer has no such key, or has it no more: a new token has another.
            AuthUnavailable: no set is held and none can be fetched now.
        """
        now = self._clock()
        rested, age = now - self._tried_at > RETRY_SECONDS, now - self._fetched_at
        if kid in self._keys and age <= MAX_AGE_SECONDS:
            if rested and age > REFRESH_SECONDS:
                self._start_fetch()
            return self._keys[kid]
        if self._held and age <= MAX_AGE_SECONDS and now - self._asked_at > COOLDOWN_SECONDS:
            self._asked_at = now
            await self.refresh()
        elif self._fetching or (rested and (self._failed or age > MAX_AGE_SECONDS)):
            await self.refresh()
        if kid in self._keys:
            return self._keys[kid]
        if self._failed or not self._held:
            raise AuthUnavailable(retry_after=RETRY_SECONDS)
        raise TokenExpired("The access token is signed with an unknown key. Refresh it.")

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
        self._failed, self._held = False, True
        self._keys = keys
        if not keys:
            _log.warning("jwks_without_keys")
        self._fetched_at = self._clock()


def _usable_keys(body: bytes) -> dict[str, jwt.PyJWK]:
    """Return the signing keys of a JWKS (RFC 7517) that we verify with: ES256 and RS256.

    A project that signs with a shared secret publishes an empty set, which is a set.

    Raises:
        ValueError: it is too large, not a JWKS, or holds only broken keys.
    """
    if len(body) > MAX_BYTES:
        raise ValueError("JWKS too large")
    document = json.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ValueError("not a JWKS")
    keys: dict[str, jwt.PyJWK] = {}
    for entry in entries:
        try:
            key = jwt.PyJWK.from_dict(entry)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if key.key_id and key.algorithm_name in {"ES256", "RS256"}:
            keys[key.key_id] = key
    if not keys and any(one.get("kty") in {"EC", "RSA"} for one in entries):
        raise ValueError("JWKS holds broken keys alone")
    return keys
