"""Calls of the database's own functions, through PostgREST and with the secret key.

Every function that is called here may be called twice with the same arguments, so a call that a
dying connection swallowed is simply made again.

The calls are our own: a session takes several, and supabase-py spends three times as much on each.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
import structlog
from pydantic import SecretStr
from pydantic_core import from_json

from shared_schema.network import trusts_environment
from transcription.errors import BackendUnavailable

ATTEMPTS: Final = 2
RETRY_AFTER_SECONDS: Final = 5.0
MAX_CONNECTIONS: Final = 20
APART_CONNECTIONS: Final = 2
_APART: Final = frozenset({"touch_transcriptions"})
"""Functions with connections of their own: a rush of other calls must not delay a heartbeat."""
_PATH: Final = "/rest/v1/rpc/"

_log = structlog.get_logger(__name__)


class BackendUnreached(BackendUnavailable):
    """The call surely never arrived: nothing was done."""


class Rpc:
    """The functions of one Supabase project.

    Args:
        http: With the project's address and the secret key.
        apart: The same, for heartbeats.
        timeout_seconds: For a whole call, its second attempt included.
    """

    def __init__(
        self, http: httpx2.AsyncClient, apart: httpx2.AsyncClient, *, timeout_seconds: float
    ) -> None:
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
                response = await http.post(_PATH + function, content=arguments)
            except httpx2.RequestError as error:
                reached = reached or not isinstance(error, httpx2.ConnectError)
                if attempt == ATTEMPTS:
                    _log.warning("rpc_failed", function=function, reason=type(error).__name__)
                    failure = BackendUnavailable if reached else BackendUnreached
                    raise failure(retry_after=RETRY_AFTER_SECONDS) from None
                continue
            try:
                answer = from_json(response.content) if response.content else None
            except ValueError:
                answer = None
            self.refused = response.status_code in {401, 403}
            if response.is_success:
                return answer
            # The code is an SQLSTATE or PostgREST's own; the text beside it may quote values.
            code = answer.get("code") if isinstance(answer, dict) else None
            _log.error("rpc_failed", function=function, reason=code or response.status_code)
            raise BackendUnavailable(retry_after=RETRY_AFTER_SECONDS)
        raise AssertionError  # the last attempt returns or raises


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
    trusted, secret = httpx2.create_ssl_context(), secret_key.get_secret_value()
    environment = trusts_environment(url)

    def client(connections: int) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=url,
            headers={
                "apikey": secret,
                "Authorization": f"Bearer {secret}",
                "Content-Type": "application/json",
            },
            timeout=timeout_seconds,
            limits=httpx2.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
            verify=trusted,
            trust_env=environment,
        )

    async with client(MAX_CONNECTIONS) as http, client(APART_CONNECTIONS) as apart:
        yield Rpc(http, apart, timeout_seconds=timeout_seconds)
