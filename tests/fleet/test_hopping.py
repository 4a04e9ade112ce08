"""Laws of someone who hops between bridges: each `start` goes on with the session before."""

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from decimal import Decimal
from typing import Any, Final

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared_schema.audio import BYTES_PER_SECOND
from shared_schema.errors import ErrorCode
from tests.fleet.world import World
from tests.waiting import until
from tests.ws_bridge.world import SILENCE, START, Talk
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.live import realtime_url

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.process]

SECONDS: Final = float(os.environ.get("HOP_SECONDS", "10"))
LIMIT: Final = 300 if SECONDS >= 60 else 90
REFUSALS: Final = {ErrorCode.SESSION_LIMIT, ErrorCode.QUOTA_EXCEEDED, ErrorCode.BUDGET_EXCEEDED}
"""`capacity` beside them: money that is only reserved may come back."""


async def hop(world: World, user: AnonymousUser, bridges: int) -> int:
    """Flood one bridge after the other, and leave none; return how many sessions were let in."""
    loop = asyncio.get_running_loop()
    headers = {"Authorization": f"Bearer {await user()}"}
    let_in, last, until_then = 0, None, loop.time() + SECONDS

    async def flood(socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await socket.send(SILENCE)

    async with AsyncExitStack() as stack:
        floods = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(lambda: [task.cancel() for task in tasks])
        tasks: list[asyncio.Task[None]] = []
        for number in range(100_000):
            if loop.time() > until_then:
                break
            url = realtime_url(f"http://127.0.0.1:{world.fleet.bridges[number % bridges].port}")
            socket = await stack.enter_async_context(
                connect(url, additional_headers=headers, proxy=None, compression=None)
            )
            start: dict[str, Any] = {**START, **({"resumes": last} if last else {})}
            talk = Talk(socket)
            await talk.send(start)
            answer = await talk.next("ready", "error")
            if answer["type"] == "ready":
                let_in, last = let_in + 1, answer["session_id"]
                tasks += [
                    floods.create_task(flood(socket)),
                    floods.create_task(_read(talk)),
                ]
            else:
                assert answer["code"] in REFUSALS | {ErrorCode.CAPACITY}
                await socket.close()
            await asyncio.sleep(0.25)
    return let_in


async def _read(talk: Talk) -> None:
    await talk.ended()


async def _returned(world: World, user_id: str) -> bool:
    return not any(row["held"] for row in await world.rows(user_id))


@pytest.mark.parametrize("bridges", [2, 3])
@pytest.mark.timeout(4 * SECONDS + 60)
async def test_hopping_uses_no_more_than_the_day_allows(world: World, bridges: int) -> None:
    """However often a session moves on, the provider is handed the limit at most, to the sample."""
    user, user_id = await world.limited("realtime", sessions=1, seconds=LIMIT)
    before = len(world.provider.sessions)
    let_in = await hop(world, user, bridges)
    await until(lambda: world.settled(user_id))
    # Until it settles, one that was replaced is charged all that it could still have used.
    await until(lambda: _returned(world, user_id))
    heard = sum(len(record.audio) for record in world.provider.sessions[before:])
    rows = await world.rows(user_id)
    print(f"{let_in} sessions, {heard / BYTES_PER_SECOND:.3f} s of {LIMIT} s")  # noqa: T201
    assert let_in > 2
    assert 0 < heard <= LIMIT * BYTES_PER_SECOND
    assert sum(row["charged_seconds"] for row in rows) == Decimal(heard) / BYTES_PER_SECOND
    assert sum(row["charged_seconds"] for row in rows) <= LIMIT


@pytest.mark.timeout(4 * SECONDS + 60)
async def test_hopping_costs_no_more_than_the_budget(world: World) -> None:
    """Nor does it cost the deployment more than its budget."""
    user, user_id = await world.limited("realtime", sessions=1, seconds=86_400)
    stack = world.fleet.stack
    [spent] = await stack.query(
        "select coalesce(sum(cost_microdollars), 0) as n from public.transcription_usage"
    )
    [was] = await stack.query("select budget_microdollars as n from ledger.deployment")
    before = len(world.provider.sessions)
    budget = LIMIT * 100
    try:
        await stack.query(
            "update ledger.deployment set budget_microdollars = %s", spent["n"] + budget
        )
        await hop(world, user, 3)
        await until(lambda: world.settled(user_id))
    finally:
        await stack.query("update ledger.deployment set budget_microdollars = %s", was["n"])
    heard = sum(len(record.audio) for record in world.provider.sessions[before:])
    rows = await world.rows(user_id)
    assert 0 < heard <= LIMIT * BYTES_PER_SECOND
    assert sum(row["cost_microdollars"] for row in rows) <= budget
