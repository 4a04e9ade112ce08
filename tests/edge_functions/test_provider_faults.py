"""What callers are told when the provider fails, and what it costs them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
import respx

from local_stack.provider import BatchScript, Script
from tests.edge_functions.world import KEY, PATH, World, events, problem
from tests.local_stack.world import Person
from tests.wires import Wire, over_every_wire

pytestmark = [pytest.mark.asyncio(loop_scope="session"), over_every_wire]

MESSAGES: list[Any] = [
    f"Your key {KEY} at https://api.mistral.ai/v1 failed",
    {"detail": [{"type": "value_error", "loc": ["body"], "msg": f"{KEY} api.mistral.ai/v1"}]},
    {"detail": "Traceback (most recent call last): File /srv/mistral/app.py"},
]


@asynccontextmanager
async def faulty(world: World) -> AsyncIterator[respx.Route]:
    """Mock the provider alone; everyone else is reached over the wire."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1", port=world.port).pass_through()
        router.route(url__startswith=world.stack.supabase.url).pass_through()
        router.get(url__startswith=f"{world.provider.url}/v1/models").pass_through()
        router.get(f"{world.provider.url}/health").pass_through()
        yield router.post(f"{world.provider.url}/v1/audio/transcriptions")


@pytest.mark.parametrize(
    ("status", "told_status", "code", "retryable"),
    [
        (400, 502, "provider_rejected", False),
        (401, 502, "provider_unavailable", True),
        (403, 502, "provider_unavailable", True),
        (422, 502, "provider_rejected", False),
        (429, 503, "provider_rate_limited", True),
        (500, 502, "provider_unavailable", True),
    ],
)
@pytest.mark.parametrize("message", MESSAGES)
async def test_refusals(
    *,
    wire: Wire,
    world: World,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    status: int,
    told_status: int,
    code: str,
    retryable: bool,
    message: Any,
) -> None:
    """Each refusal has its code, shows nothing of the provider's, and costs nothing."""
    async with faulty(world) as provider:
        provider.respond(status, json=wire.refusal(message), headers={"Retry-After": "60"})
        response = await http.post(PATH, files={"audio": speech})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (told_status, code, retryable)
    for secret in (KEY, "mistral", "vllm", "127.0.0.1", "Traceback", "/srv"):
        assert secret not in response.text
    [row] = await world.usage_of(ada)
    assert (row["status"], row["reason"], row["charged"]) == ("failed", code, 0.0)
    await world.is_clean(ada)


async def test_retry_after_is_passed_on(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """How long the provider asks to wait is told to the caller."""
    async with faulty(world) as provider:
        provider.respond(429, headers={"Retry-After": "60"})
        told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.retry_after == 60


@pytest.mark.parametrize("message", ["Audio is corrupt", {"detail": "Audio is corrupt"}])
async def test_what_is_safe_to_show_is_shown(
    wire: Wire, world: World, http: httpx.AsyncClient, speech: bytes, message: Any
) -> None:
    """The provider's words about the request itself reach the caller, in either shape."""
    async with faulty(world) as provider:
        provider.respond(422, json=wire.refusal(message))
        told = problem(await http.post(PATH, files={"audio": speech}))
    assert told.detail.endswith("Audio is corrupt")


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError,
        httpx2.ReadTimeout,
        httpx2.WriteTimeout,
        httpx2.RemoteProtocolError,
    ],
)
async def test_lost_connections(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, error: type[Exception]
) -> None:
    """A provider that cannot be reached, or is lost, has its code, and costs nothing."""
    async with faulty(world) as provider:
        provider.mock(side_effect=error(f"{KEY} at {world.provider.url}"))
        response = await http.post(PATH, files={"audio": speech})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (502, "provider_unavailable", True)
    assert world.provider.url not in response.text
    assert (await world.usage_of(ada))[0]["charged"] == 0.0
    await world.is_clean(ada)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_breaks_off(
    *, world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, stream: bool
) -> None:
    """Text that was told is charged, though its end is missing; without text nothing is."""
    world.engine.script = Script(text="one two three", batch=BatchScript(drop_after_events=2))
    headers = {"Accept": "text/event-stream"} if stream else {}
    response = await http.post(PATH, files={"audio": speech}, headers=headers)
    [row] = await world.usage_of(ada)
    if stream:
        told = events(response.text)
        assert [one["type"] for one in told] == ["delta", "delta", "error"]
        assert told[-1]["code"] == "provider_unavailable"
        assert told[-1]["retryable"]
        assert (row["status"], row["charged"]) == ("partial", 4.0)
    else:
        assert problem(response).code == "provider_unavailable"
        assert (row["status"], row["charged"]) == ("failed", 0.0)
    await world.is_clean(ada)


async def test_a_provider_that_was_busy_for_a_moment(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A short refusal is waited out, and the caller sees nothing of it."""
    world.engine.script = [
        Script(batch=BatchScript(status=503)),
        Script(text="one two three"),
    ]
    response = await http.post(PATH, files={"audio": speech})
    assert response.json()["text"] == "one two three"
    assert [request.status for request in world.provider.requests] == [503, 200]
    assert (await world.usage_of(ada))[0]["charged"] == 4.0


async def test_readiness_tells_of_the_provider_and_is_not_decided_by_it(
    wire: Wire, world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """`/readyz` tells what the latest file came to; the process may take work either way."""
    for status, state in ((500, "failing"), (200, "well")):
        world.engine.script = Script(text="one", batch=BatchScript(status=status))
        assert (await http.post(PATH, files={"audio": speech})).is_success is (status == 200)
        answer = await world.http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        told = answer.json()["provider"]
        assert (told["name"], told["state"]) == (wire.name, state)
        assert world.provider.url not in answer.text
