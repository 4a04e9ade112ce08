"""What a bridge counts for its operators."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.ws_bridge.world import World, running


def counted(world: World, name: str, **labels: str) -> float | None:
    """Return a sample of the bridge's."""
    return world.app.metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "key_refused"), (403, "key_refused"), (503, "provider_unavailable")],
)
async def test_a_refused_key_is_an_alarm_of_its_own(status: int, reason: str) -> None:
    """Callers hear of an outage; the operator is told that it is our key that is refused."""
    async with running(Script(refuse_status=status)) as world:
        error = await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        assert "key" not in error["message"].lower()
        await world.is_clean()
        name = "utter_provider_failures_total"
        assert counted(world, name, provider="mistral", reason=reason) == 1
        other = {"key_refused", "provider_unavailable"} - {reason}
        assert counted(world, name, provider="mistral", reason=other.pop()) == 0


async def test_refused_handshakes_are_counted() -> None:
    """A page of a foreign origin and a bad token, which never become sessions, are counted."""
    async with running() as world:
        for header in (("Origin", "http://elsewhere.test"), ("Authorization", "Bearer nonsense")):
            with pytest.raises(InvalidStatus):
                async with connect(world.url, additional_headers=[header], proxy=None):
                    pass
        for reason in ("origin", "unauthenticated"):
            assert counted(world, "utter_handshakes_refused_total", reason=reason) == 1
        assert counted(world, "utter_transcriptions_total", kind="realtime", status="refused") == 0


async def test_how_full_a_bridge_is_can_be_told() -> None:
    """Beside its open sessions a bridge tells how many it takes."""
    async with running(bridge_max_sessions=7) as world, world.session() as talk:
        assert counted(world, "utter_sessions_limit") == 7
        assert counted(world, "utter_sessions_open") == 1
        (await talk.stopped()).completed()
