"""When the provider or the ledger says no, the caller learns why and nothing is left behind."""

import socket
from typing import Any

import pytest
from structlog.testing import capture_logs

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.waiting import until
from tests.wires import Wire, over_every_wire
from tests.ws_bridge.world import World, running
from transcription.errors import QuotaExceeded


@over_every_wire
async def test_down_at_connect(wire: Wire) -> None:
    """A provider that cannot be reached refuses the session, and the reserved seconds return."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with running(wire=wire, **wire.settings(f"http://127.0.0.1:{port}")) as world:
        error = await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        assert str(port) not in error["message"]
        (entry,) = world.ledger.entries.values()
        assert entry.settled == (0.0, "failed", None)
        await world.is_clean(upstreams=0)


@over_every_wire
@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_key_refused(wire: Wire, status: int) -> None:
    """That our key is refused is an alarm for the operator and never shown to the caller."""
    script = Script(refuse_status=status, refuse_message="No such key: test-key")
    # vLLM answers a handshake with 403 where it serves no realtime: that is no matter of a key.
    is_about_the_key = (wire.name, status) != ("vllm", 403)
    code = ErrorCode.PROVIDER_UNAVAILABLE if is_about_the_key else ErrorCode.PROVIDER_REJECTED
    async with running(script, wire=wire) as world:
        with capture_logs() as logs:
            error = await world.refused(code)
        assert "key" not in error["message"]
        alarms = [log for log in logs if log["log_level"] == "error"]
        told = [(one["event"], one["status"]) for one in alarms if "key" in one["event"]]
        assert told == ([("provider_key_refused", status)] if is_about_the_key else [])
        await world.is_clean(upstreams=1)


@over_every_wire
async def test_a_provider_that_is_down_for_now(wire: Wire) -> None:
    """A 503 of the provider's is unavailability, with its `Retry-After`."""
    async with running(Script(refuse_status=503, retry_after=9), wire=wire) as world:
        error = await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        assert error["retry_after"] == 9
        await world.is_clean(upstreams=1)


@over_every_wire
@pytest.mark.parametrize(
    "script",
    [
        Script(connect_delay_ms=800),
        Script(created_delay_ms=60_000),
        Script(connect_delay_ms=200, created_delay_ms=200),
    ],
    ids=["handshake", "created", "both"],
)
async def test_a_slow_start_has_one_limit(wire: Wire, script: Script) -> None:
    """The way to the open session has one limit, however the provider spends it."""
    async with running(script, provider_connect_seconds=0.3, wire=wire) as world:
        await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        await world.is_clean()


@over_every_wire
async def test_the_ledger_refuses_while_the_provider_is_open(wire: Wire) -> None:
    """A refusal of the ledger closes the socket that was opened with the provider meanwhile."""
    async with running(wire=wire) as world, world.talk() as talk:
        world.ledger.opening.close()
        world.ledger.refusal = QuotaExceeded()
        await talk.send(world.start())
        await until(lambda: [one.open for one in world.provider.sessions] == [True])
        world.ledger.opening.open()
        (await talk.ended()).failed(ErrorCode.QUOTA_EXCEEDED)
        await world.is_clean(upstreams=1)


@over_every_wire
async def test_the_provider_refuses_while_the_ledger_ponders(wire: Wire) -> None:
    """When the provider refuses first, the ledger's answer is not waited for."""
    async with running(Script(refuse_status=503), wire=wire) as world:
        world.ledger.opening.close()
        await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        assert world.ledger.entries == {}
        await world.is_clean(upstreams=1)


@over_every_wire
async def test_a_provider_that_is_down_takes_no_bridge_away(wire: Wire) -> None:
    """`/readyz` tells how the provider is, and a bridge stays ready whatever that is."""
    down = Script(refuse_status=503)
    async with running(down, wire=wire, provider_health_seconds=60) as world:
        await until_told(world, "unknown" if wire.health == "outcomes" else "well")
        await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        told = await until_told(world, "failing")
        assert told["reason"] == "provider_unavailable"
        world.engine.script = Script()
        async with world.session() as talk:
            await talk.send(bytes(3200))
            (await talk.stopped()).completed()
        await until_told(world, "well")
        await world.is_clean(upstreams=2)


async def until_told(world: World, state: str) -> dict[str, Any]:
    """Wait until this is told of the provider, by a bridge that is ready all the while."""
    told: dict[str, Any] = {}

    async def is_told() -> bool:
        answer = await world.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        told.update(answer.json()["provider"])
        return bool(told["state"] == state)

    await until(is_told)
    return told
