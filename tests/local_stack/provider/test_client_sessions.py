"""Client secrets: who may open a socket with one, and for how long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from mistralai.client import Mistral
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.mistral.client_sessions import ClientSecrets
from local_stack.provider.mistral.wire import MistralWire
from tests.local_stack.provider.wire import (
    BATCH_MODEL,
    KEY,
    REALTIME_MODEL,
    append,
    dial,
    end,
    hear_until,
    text_of,
)

ASKED = {"purpose": "realtime", "model": REALTIME_MODEL}


class Clock:
    """Seconds that pass when a test says so."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the secrets."""
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[ProviderServer]:
    """A server with a plain script."""
    wire = MistralWire(secrets=ClientSecrets(clock))
    async with serve(ScriptedEngine(Script(text="one two three")), wire=wire) as server:
        yield server


async def mint(server: ProviderServer, headers: Any = KEY, **asked: Any) -> httpx.Response:
    """Ask for a secret."""
    async with httpx.AsyncClient(base_url=server.url) as http:
        return await http.post("/v1/client/sessions", json=ASKED | asked, headers=headers)


async def secret(server: ProviderServer, **asked: Any) -> str:
    """Return a new secret."""
    answer = await mint(server, **asked)
    assert answer.status_code == 201
    value: str = answer.json()["client_secret"]["value"]
    return value


def offers(*protocols: str) -> dict[str, Any]:
    """How a browser dials: no header but the subprotocols."""
    return {
        "additional_headers": None,
        "subprotocols": [Subprotocol(one) for one in protocols],
    }


async def status_of(server: ProviderServer, *protocols: str, model: str = REALTIME_MODEL) -> int:
    """Return the status with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with dial(server, model, **offers(*protocols)):
            pass
    return refused.value.response.status_code


async def test_a_secret_opens_sockets_like_a_key(server: ProviderServer) -> None:
    """With a secret as its subprotocol a session runs to its end, twice, and is not told back."""
    value = await secret(server)
    assert value.startswith("rt_")
    for _ in range(2):
        async with dial(server, **offers("realtime", value)) as socket:
            assert socket.subprotocol == "realtime"
            await append(socket, times=10)
            await end(socket)
            assert text_of(await hear_until(socket, "transcription.done")) == "one two three"


async def test_a_secret_expires_and_its_socket_does_not(
    server: ProviderServer, clock: Clock
) -> None:
    """At its time a secret opens nothing more; a session that it opened goes on."""
    answer = (await mint(server, ttl_seconds=60)).json()
    told = datetime.fromisoformat(answer["client_secret"]["expires_at"])
    assert told == datetime.fromtimestamp(clock.now + 60, UTC)
    value = answer["client_secret"]["value"]
    async with dial(server, **offers("realtime", value)) as socket:
        clock.now += 60
        assert await status_of(server, "realtime", value) == 401
        await append(socket, times=10)
        await end(socket)
        await hear_until(socket, "transcription.done")


async def test_a_secret_is_for_one_model(server: ProviderServer) -> None:
    """Another model is refused, and a model without live sessions has no secrets."""
    value = await secret(server)
    other = "voxtral-mini-transcribe-realtime-3"
    assert await status_of(server, "realtime", value, model=other) == 403
    assert (await mint(server, model=BATCH_MODEL)).status_code == 400


async def test_what_is_no_secret_opens_nothing(server: ProviderServer) -> None:
    """An unknown secret, none, or one without the protocol's name beside it is refused."""
    value = await secret(server)
    assert await status_of(server, "realtime", "rt_unknown") == 401
    assert await status_of(server, "realtime") == 401
    assert await status_of(server, value) == 401


async def test_a_secret_is_no_key(server: ProviderServer) -> None:
    """A secret mints no other, and a stranger none at all."""
    value = await secret(server)
    assert (await mint(server, {"Authorization": f"Bearer {value}"})).status_code == 401
    assert (await mint(server, {})).status_code == 401


@pytest.mark.parametrize("wrong", [{"purpose": "batch"}, {"ttl_seconds": 0}, {"colour": "red"}])
async def test_a_wrong_request(server: ProviderServer, wrong: dict[str, Any]) -> None:
    """What the service does not know is told by field."""
    answer = await mint(server, **wrong)
    assert answer.status_code == 422
    assert answer.json()["message"]["detail"][0]["loc"] == list(wrong)


async def test_a_body_without_end_is_refused(server: ProviderServer) -> None:
    """A body is read up to its limit."""
    assert (await mint(server, model="x" * 20_000)).status_code == 413


async def test_the_sdk_gets_a_secret(server: ProviderServer) -> None:
    """The unmodified package reads the answer."""
    async with Mistral(api_key="k", server_url=server.url) as client:
        answer = await client.realtime.sessions.create_async(
            request={"purpose": "realtime", "model": REALTIME_MODEL, "ttl_seconds": 30}
        )
    assert await status_of(server, "realtime", answer.client_secret.value[:-1]) == 401
    async with dial(server, **offers("realtime", answer.client_secret.value)):
        pass
