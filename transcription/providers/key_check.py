"""Whether a key is good, and which models there are: asked of a provider for free."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import httpx2
import structlog
from pydantic import SecretStr

from shared_schema.network import trusts_environment
from transcription.errors import ProviderUnavailable
from transcription.providers import failures
from transcription.providers.calls import trusted

CHECK_SECONDS: Final = 10.0
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of the list."""
_PATH: Final = "/v1/models"

_log = structlog.get_logger(__name__)


async def check(server_url: str, key: SecretStr) -> None:
    """Ask for the list of models, which costs nothing and needs a good key.

    Mistral and vLLM have it at the same path.

    Raises:
        ProviderKeyRefused: the key is not good.
        ProviderError: the provider does not say.
    """
    await _ask(server_url, key, lambda _: None, whole=False)


async def listed(server_url: str, key: SecretStr | None) -> frozenset[str]:
    """Return the ids of the provider's models, and their other names.

    Raises:
        ProviderKeyRefused: the key is not good.
        ProviderError: the provider does not say.
    """
    names: set[str] = set()

    def read(body: bytes) -> None:
        for model in json.loads(body)["data"]:
            names.update((str(model["id"]), *map(str, model.get("aliases") or ())))

    await _ask(server_url, key, read, whole=True)
    return frozenset(names)


async def _ask(
    server_url: str, key: SecretStr | None, read: Callable[[bytes], Any], *, whole: bool
) -> None:
    headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
    body = bytearray()
    try:
        async with (
            asyncio.timeout(CHECK_SECONDS),
            httpx2.AsyncClient(
                base_url=server_url,
                headers=headers,
                timeout=CHECK_SECONDS,
                verify=trusted(),
                trust_env=trusts_environment(server_url),
            ) as http,
            http.stream("GET", _PATH) as response,
        ):
            status, retry_after = response.status_code, response.headers.get("Retry-After")
            if whole and status == 200:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise ValueError
                read(bytes(body))
    except (httpx2.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
        _log.warning("key_not_checked", error=type(error).__name__)
        raise ProviderUnavailable from None
    if status != 200:
        raise failures.from_status(status, retry_after=retry_after)
