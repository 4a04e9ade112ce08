"""Calls of the database's own functions, through PostgREST and with the secret key.

Every function that is called here may be called twice with the same arguments, so a call that a
dying connection swallowed is simply made again.

The calls are our own, with aiohttp: a session takes several, and supabase-py spends ten times as
much on each (decision 0018).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import structlog
from pydantic import SecretStr
from pydantic_core import from_json

from shared_schema.network import trusts_environment
from transcription.errors import BackendUnavailable, Forbidden, Unauthenticated

ATTEMPTS: Final = 2
RETRY_AFTER_SECONDS: Final = 5.0
MAX_CONNECTIONS: Final = 20
APART_CONNECTIONS: Final = 2
_APART: Final = frozenset({"touch_transcriptions"})
"""Functions with connections of their own: a rush of other calls must not delay a heartbeat."""
_KEPT_SECONDS: Final = 60.0
"""How long a connection is kept that no call uses."""

_log = structlog.get_logger(__name__)


class BackendUnreached(BackendUnavailable):
    """The call surely never arrived: nothing was done."""


class Rpc:
    """The functions of one Supabase project.

    Args:
        url: Where functions are, with a slash at its end.
        http: With the secret key.
        apart: The same, for heartbeats.
        timeout_seconds: For a whole call, its second attempt included.
    """

    def __init__(
        self,
        url: str,
        http: aiohttp.ClientSession,
        apart: aiohttp.ClientSession,
        *,
        timeout_seconds: float,
    ) -> None:
        self._url = url
        self._http = http
        self._apart = apart
        self._timeout = timeout_seconds
        self.refused = False
        """Whether the project refused the secret key in its last answer (401 or 403)."""

    async def call(self, function: str, **arguments: Any) -> Any:
        """Call a function of the schema `public` and return its JSON.

        Raises:
            BackendUnreached: no connection could be made.
            BackendUnavailable: no answer came in time, or an error did.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._call(function, json.dumps(arguments).encode())
        except TimeoutError:
            _log.warning("rpc_failed", function=function, reason="timeout")
            raise BackendUnavailable(retry_after=RETRY_AFTER_SECONDS) from None

    async def _call(self, function: str, arguments: bytes) -> Any:
        http, reached = self._apart if function in _APART else self._http, False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with http.post(
                    self._url + function, data=arguments, allow_redirects=False
                ) as response:
                    status, body = response.status, await response.read()
            except aiohttp.ClientError as error:
                reached = reached or not isinstance(error, aiohttp.ClientConnectorError)
                if attempt == ATTEMPTS:
                    _log.warning("rpc_failed", function=function, reason=type(error).__name__)
                    failure = BackendUnavailable if reached else BackendUnreached
                    raise failure(retry_after=RETRY_AFTER_SECONDS) from None
                continue
            try:
                answer = from_json(body) if body else None
            except ValueError:
                answer = None
            self.refused = status in {401, 403}
            if 200 <= status < 300:
                return answer
            # The code is an SQLSTATE or PostgREST's own; the text beside it may quote values.
            code = answer.get("code") if isinstance(answer, dict) else None
            _log.error("rpc_failed", function=function, reason=code or status)
            raise BackendUnavailable(retry_after=RETRY_AFTER_SECONDS)
        raise AssertionError  # the last attempt returns or raises


def refuse_account(answer: dict[str, Any]) -> None:
    """Raise what the database's functions answer to a banned or deleted account.

    Raises:
        Forbidden: the account is suspended.
        Unauthenticated: it is gone.
    """
    if answer.get("reason") == "suspended":
        raise Forbidden("This account is suspended.")
    if answer.get("code") == Unauthenticated.code:
        raise Unauthenticated("The account is gone.")


@asynccontextmanager
async def connect(
    url: str, secret_key: SecretStr, *, timeout_seconds: float = 5.0
) -> AsyncIterator[Rpc]:
    """Keep connections to the project at `url` until the block ends.

    Args:
        url: Supabase's address.
        secret_key: `sb_secret_…`, or the service role's token of older projects.
        timeout_seconds: For each call.
    """
    secret = secret_key.get_secret_value()

    def client(connections: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            headers={
                "apikey": secret,
                "Authorization": f"Bearer {secret}",
                "Content-Type": "application/json",
            },
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=_KEPT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Limited as a whole, by `call`.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            trust_env=trusts_environment(url),
        )

    async with client(MAX_CONNECTIONS) as http, client(APART_CONNECTIONS) as apart:
        yield Rpc(f"{url}/rest/v1/rpc/", http, apart, timeout_seconds=timeout_seconds)
