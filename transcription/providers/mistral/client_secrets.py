"""Mistral's client secrets: `POST /v1/client/sessions`.

What is sent and read are the SDK's own models. The call is ours: the SDK's takes its key once for
all calls, follows redirects, and reads an answer of any size.
"""

import asyncio
from contextlib import aclosing
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx2
import structlog
from mistralai.client.models import CreateRealtimeSessionRequest, CreateRealtimeSessionResponse
from pydantic import SecretStr, ValidationError

from shared_schema.network import trusts_environment
from transcription.errors import ProviderUnavailable
from transcription.providers.base import ClientSecret, RealtimeOptions
from transcription.providers.calls import by, not_understood, read, refusal, trusted
from transcription.providers.mistral.realtime import PATH, update_message

_PATH: Final = "/v1/client/sessions"

_log = structlog.get_logger(__name__)


class MistralSecrets:
    """Makes client secrets, with whatever key.

    Args:
        server_url: Mistral's address.
        connect_seconds: Limit on a whole call.
    """

    wire: Final = "mistral"

    def __init__(self, *, server_url: str, connect_seconds: float) -> None:
        parts = urlsplit(server_url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self.url = urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + PATH, "", ""))
        self._seconds = connect_seconds
        self._http = httpx2.AsyncClient(
            base_url=server_url,
            timeout=connect_seconds,
            verify=trusted(),
            trust_env=trusts_environment(server_url),
        )

    async def mint(self, key: SecretStr, options: RealtimeOptions, *, seconds: int) -> ClientSecret:
        """Make a secret with `key`, good for one model and at most so many seconds.

        It is asked for once: after a lost answer, the secret would live on unused.

        Raises:
            ProviderError: Mistral cannot be reached in time or refuses.
        """
        asked = CreateRealtimeSessionRequest(model=options.model, ttl_seconds=seconds)
        request = self._http.build_request(
            "POST",
            _PATH,
            content=asked.model_dump_json(),
            headers={
                "Authorization": f"Bearer {key.get_secret_value()}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        deadline = asyncio.get_running_loop().time() + self._seconds
        return await by(deadline, self._send(request, options))

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._http.aclose()

    async def _send(self, request: httpx2.Request, options: RealtimeOptions) -> ClientSecret:
        try:
            response = await self._http.send(request, stream=True)
        except httpx2.TransportError as error:
            _log.warning("provider_connect_failed", error=type(error).__name__)
            raise ProviderUnavailable from None
        async with aclosing(response):
            if response.status_code not in {200, 201}:
                raise await refusal(response)
            body = await read(response)
        try:
            answer = CreateRealtimeSessionResponse.model_validate_json(body)
        except ValidationError:
            not_understood()
            raise ProviderUnavailable from None
        secret = answer.client_secret
        return ClientSecret(
            SecretStr(secret.value),
            f"{self.url}?{urlencode({'model': options.model})}",
            update_message(options),
            min(secret.expires_at, answer.expires_at),
        )
