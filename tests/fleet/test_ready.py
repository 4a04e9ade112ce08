"""Laws of the two waits before a session is ready. `bench.ready` measures what they cost."""

import asyncio

import pytest

from local_stack.provider import Script
from tests.fleet.test_sharing import started
from tests.fleet.world import World
from tests.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.process]


async def test_the_ledger_is_asked_while_the_provider_connects(world: World) -> None:
    """Neither the ledger nor the provider waits for the other's answer."""
    user, user_id = await world.limited("realtime", sessions=1, seconds=100)
    world.engine.script = Script(connect_delay_ms=8000)
    seen = len(world.provider.sessions)

    async def open_and_stop() -> None:
        async with started(world, user) as (talk, answer):
            assert answer["type"] == "ready"
            (await talk.stopped()).completed()

    async with asyncio.TaskGroup() as group:
        group.create_task(open_and_stop())
        await until(lambda: world.rows(user_id, "open"))
        assert not any(record.status for record in world.provider.sessions[seen:])
    await until(lambda: world.settled(user_id))

    world.engine.script = Script()
    seen = len(world.provider.sessions)
    async with (
        asyncio.TaskGroup() as group,
        world.fleet.stack.connection() as ledger,
        ledger.transaction(),
    ):
        await ledger.execute("lock table public.transcription_usage in exclusive mode")
        group.create_task(open_and_stop())
        await until(lambda: any(one.status == 101 for one in world.provider.sessions[seen:]))
        assert not await world.rows(user_id, "open")
    await until(lambda: world.settled(user_id))
