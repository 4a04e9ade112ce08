"""Calls of the database's own functions, through supabase-py and with the secret key.

Every function that is called here may be called twice with the same arguments, so a call that a
dying connection swallowed is simply made again.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import structlog
from postgrest import APIError
from pydantic import SecretStr
from supabase import AsyncClient, AsyncClientOptions

from transcription.errors import BackendUnavailable

ATTEMPTS: Final = 2
RETRY_AFTER_SECONDS: Final = 5.0
MAX_CONNECTIONS: Final = 20

_log = structlog.get_logger(__name__)


class BackendUnreached(BackendUnavailable):
    """The call surely never arrived: nothing was done."""


class Rpc:
    """The functions of one Supabase project.

    Args:
        client: With the secret key. Nobody may ever sign in on it: supabase-py would then call
            as that user.
        timeout_seconds: For a whole call, its second attempt included.
    """

    def __init__(self, client: AsyncClient, *, timeout_seconds: float) -> None:
        self._client = client
        self._timeout = timeout_seconds

    async def call(self, function: str, **arguments: Any) -> Any:
        """Call a function of the schema `public` and return its JSON.

        Raises:
            BackendUnreached: no connection could be made.
            BackendUnavailable: no answer came in time, or an error did.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._call(function, arguments)
        except TimeoutError:
            _log.warning("rpc_failed", function=function, reason="timeout")
            raise BackendUnavailable(retry_after=RETRY_AFTER_SECONDS) from None

    async def _call(self, function: str, arguments: Mapping[str, Any]) -> Any:
        reached = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return (await self._client.rpc(function, dict(arguments)).execute()).data
            except APIError as error:
                # Its code is an SQLSTATE or PostgREST's own; its text may quote values.
                _log.error("rpc_failed", function=function, reason=error.code)
                raise BackendUnavailable(retry_after=RETRY_AFTER_SECONDS) from None
            except httpx.RequestError as error:
                reached = reached or not isinstance(error, httpx.ConnectError)
                if attempt == ATTEMPTS:
                    _log.warning("rpc_failed", function=function, reason=type(error).__name__)
                    failure = BackendUnavailable if reached else BackendUnreached
                    raise failure(retry_after=RETRY_AFTER_SECONDS) from None
        raise AssertionError  # the last attempt returns or raises


@asynccontextmanager
async def connect(
    url: str, secret_key: SecretStr, *, timeout_seconds: float = 5.0
) -> AsyncIterator[Rpc]:
    """Open a client of the project at `url` and keep its connections until the block ends.

    Args:
        url: Supabase's address.
        secret_key: `sb_secret_…`, or the service role's token of older projects.
        timeout_seconds: For each call.
    """
    pool = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
    async with httpx.AsyncClient(timeout=timeout_seconds, limits=pool) as http:
        options = AsyncClientOptions(
            auto_refresh_token=False, persist_session=False, httpx_client=http
        )
        client = AsyncClient(url, secret_key.get_secret_value(), options)
        yield Rpc(client, timeout_seconds=timeout_seconds)
