"""Mistral's client secrets, as the SDK would ask for them."""

import asyncio
from datetime import UTC, datetime

import pytest
from mistralai.client import Mistral
from pydantic import SecretStr
from starlette.responses import JSONResponse, RedirectResponse

from tests.doubles.http import serve_answers
from transcription.errors import ProviderKeyRefused, ProviderUnavailable
from transcription.providers.base import RealtimeOptions
from transcription.providers.mistral.client_secrets import MistralSecrets
from transcription.providers.mistral.realtime import update_message

MODEL = "voxtral-mini-transcribe-realtime-2602"
OPTIONS = RealtimeOptions(MODEL, language="en")
KEY = SecretStr("sk-the-users-own")
ANSWER = {
    "object": "client.session",
    "purpose": "realtime",
    "expires_at": "2026-03-10T12:01:00Z",
    "client_secret": {"value": "rt_abc", "expires_at": "2026-03-10T12:00:59Z"},
}


async def test_it_asks_as_the_sdk_does() -> None:
    """The request is the SDK's own, and the key is that of the call."""
    async with serve_answers(JSONResponse(ANSWER, 201)) as provider:
        secrets = MistralSecrets(server_url=provider.url, connect_seconds=5)
        secret = await secrets.mint(KEY, OPTIONS, seconds=60)
        await secrets.aclose()
        async with Mistral(api_key="k", server_url=provider.url) as sdk:
            await sdk.realtime.sessions.create_async(request={"model": MODEL, "ttl_seconds": 60})
    ours, theirs = provider.asked
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    assert ours.headers["authorization"] == f"Bearer {KEY.get_secret_value()}"
    assert secret.value.get_secret_value() == "rt_abc"
    assert secret.url == (
        provider.url.replace("http", "ws", 1) + f"/v1/audio/transcriptions/realtime?model={MODEL}"
    )
    assert secret.expires_at == datetime(2026, 3, 10, 12, 0, 59, tzinfo=UTC)
    assert secret.setup == update_message(OPTIONS)
    assert "rt_abc" not in repr(secret)


async def test_a_redirect_takes_no_key_along() -> None:
    """A redirect is refused: the key would go to another host."""
    async with serve_answers(RedirectResponse("/elsewhere")) as provider:
        secrets = MistralSecrets(server_url=provider.url, connect_seconds=5)
        with pytest.raises(ProviderUnavailable):
            await secrets.mint(KEY, OPTIONS, seconds=60)
        await secrets.aclose()
    assert len(provider.asked) == 1


async def test_a_key_without_the_permission() -> None:
    """A key that may not make secrets is the operator's alarm."""
    async with serve_answers(JSONResponse({"detail": "Forbidden"}, 403)) as provider:
        secrets = MistralSecrets(server_url=provider.url, connect_seconds=5)
        with pytest.raises(ProviderKeyRefused):
            await secrets.mint(KEY, OPTIONS, seconds=60)
        await secrets.aclose()


async def test_an_answer_that_does_not_come() -> None:
    """A mint that takes too long is an outage."""

    async def never(_: object) -> JSONResponse:
        await asyncio.sleep(5)
        return JSONResponse(ANSWER, 201)

    async with serve_answers(never) as provider:
        secrets = MistralSecrets(server_url=provider.url, connect_seconds=0.2)
        with pytest.raises(ProviderUnavailable):
            await secrets.mint(KEY, OPTIONS, seconds=60)
        await secrets.aclose()


async def test_where_clients_connect() -> None:
    """Clients are sent to the provider's own address, over TLS."""
    secrets = MistralSecrets(server_url="https://api.mistral.ai", connect_seconds=5)
    assert secrets.url == "wss://api.mistral.ai/v1/audio/transcriptions/realtime"
    await secrets.aclose()
