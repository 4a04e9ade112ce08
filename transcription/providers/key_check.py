"""Whether a key is good: asked of a provider for free, by its list of models."""

import asyncio
from typing import Final

import httpx2
import structlog
from pydantic import SecretStr

from shared_schema.network import trusts_environment
from transcription.errors import ProviderUnavailable
from transcription.providers import failures
from transcription.providers.calls import trusted

CHECK_SECONDS: Final = 10.0
_PATH: Final = "/v1/models"

_log = structlog.get_logger(__name__)


async def check(server_url: str, key: SecretStr) -> None:
    """Ask for the list of models, which costs nothing and needs a good key.

    Mistral and vLLM have it at the same path.

    Raises:
        ProviderKeyRefused: the key is not good.
        ProviderError: the provider does not say.
    """
    try:
        async with (
            asyncio.timeout(CHECK_SECONDS),
            httpx2.AsyncClient(
                base_url=server_url,
                headers={"Authorization": f"Bearer {key.get_secret_value()}"},
                timeout=CHECK_SECONDS,
                verify=trusted(),
                trust_env=trusts_environment(server_url),
            ) as http,
            http.stream("GET", _PATH) as response,
        ):
            status, retry_after = response.status_code, response.headers.get("Retry-After")
    except (httpx2.HTTPError, TimeoutError) as error:
        _log.warning("key_not_checked", error=type(error).__name__)
        raise ProviderUnavailable from None
    if status != 200:
        raise failures.from_status(status, retry_after=retry_after)
