"""Laws of the time to ready."""

import pytest

from bench.ready import BOUND, measure
from tests.fleet.world import World

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_the_ledger_is_asked_while_the_provider_connects(world: World) -> None:
    """A session is ready when the slower of both is, and not after one and then the other.

    The best of a few turns counts: what else the machine does must not.
    """
    turns = await measure(world.fleet, world.engine, world.provider.url, rounds=3)
    for delay in (200, 1000):
        slower = max(min(turn.connect for turn in turns[delay]), delay)
        assert min(turn.ready for turn in turns[delay]) <= BOUND * slower
