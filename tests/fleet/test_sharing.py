"""Laws of replicas that share nothing but Postgres: together they keep one user's limits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from local_stack.provider import Script
from local_stack.provider.script import BatchScript
from shared_schema.errors import ErrorCode
from tests.audio_files import write_audio
from tests.doubles.numbered_audio import recording
from tests.fleet.world import MAX_AUDIO_SECONDS, World
from tests.waiting import until
from tests.ws_bridge.world import START, Talk
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.errors import ApiError
from utter_transcribe.files import Api
from utter_transcribe.live import realtime_url

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.process]

CALLERS = 24


@asynccontextmanager
async def started(world: World, user: AnonymousUser) -> AsyncIterator[tuple[Talk, dict[str, Any]]]:
    """Open a session through the balancer; give its line, and the first answer."""
    headers = {"Authorization": f"Bearer {await user()}"}
    url = realtime_url(world.fleet.url)
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        talk = Talk(socket)
        await talk.send(START)
        yield talk, await talk.next("ready", "error")


async def race(
    stack: AsyncExitStack, world: World, user: AnonymousUser
) -> tuple[list[Talk], list[dict[str, Any]]]:
    """Open many sessions at once; return the lines that are ready, and all first answers."""
    opened = await asyncio.gather(
        *(stack.enter_async_context(started(world, user)) for _ in range(CALLERS))
    )
    return [talk for talk, answer in opened if answer["type"] == "ready"], [
        answer for _, answer in opened
    ]


@pytest.mark.parametrize("sessions", [1, 5])
async def test_racing_opens_never_pass_the_session_limit(world: World, sessions: int) -> None:
    """However many open at once on all bridges, exactly as many are let in as may be open."""
    user, user_id = await world.limited("realtime", sessions=sessions, seconds=1800)
    for _ in range(3):
        async with AsyncExitStack() as stack:
            talks, answers = await race(stack, world, user)
            refused = Counter(answer.get("code") for answer in answers if "code" in answer)
            assert refused == {"session_limit": CALLERS - sessions}
            assert len(await world.rows(user_id, "open")) == sessions
            for talk in talks:
                (await talk.stopped()).completed()
        await until(lambda: world.settled(user_id))
    charged = [row["charged_seconds"] for row in await world.rows(user_id)]
    assert charged == [0] * 3 * sessions


async def test_racing_opens_share_the_seconds_of_the_day_exactly(world: World) -> None:
    """What racing opens on all bridges are granted adds up to what is left, to the millisecond."""
    seconds = 2 * MAX_AUDIO_SECONDS + 10
    user, user_id = await world.limited("realtime", sessions=CALLERS, seconds=seconds)
    async with AsyncExitStack() as stack:
        talks, answers = await race(stack, world, user)
        granted = [answer["max_seconds"] for answer in answers if answer["type"] == "ready"]
        assert sorted(granted) == [10, MAX_AUDIO_SECONDS, MAX_AUDIO_SECONDS]
        refused = Counter(answer["code"] for answer in answers if "code" in answer)
        assert refused == {"session_limit": CALLERS - 3}
        for talk in talks:
            (await talk.stopped()).completed()
    await until(lambda: world.settled(user_id))
    assert sum(row["charged_seconds"] for row in await world.rows(user_id)) == 0


async def test_the_seconds_of_a_day_are_spent_to_the_last(world: World) -> None:
    """Callers that race until the day is used up are charged what was heard, and no more."""
    limit = 12
    user, user_id = await world.limited("realtime", sessions=CALLERS, seconds=limit)
    heard_before = len(world.provider.sessions)

    async def spend(frames: int) -> None:
        while True:
            async with started(world, user) as (talk, answer):
                if answer["type"] == "ready":
                    await talk.send(recording(frames))
                    (await talk.stopped()).completed()
                elif answer["code"] == ErrorCode.QUOTA_EXCEEDED:
                    return
                else:
                    assert answer["code"] == ErrorCode.SESSION_LIMIT

    async with asyncio.TaskGroup() as group:
        for frames in (7, 11, 13, 17):
            group.create_task(spend(frames))
    await until(lambda: world.settled(user_id))
    charged = sum(row["charged_seconds"] for row in await world.rows(user_id))
    heard = sum(len(record.audio) for record in world.provider.sessions[heard_before:])
    assert charged == Decimal(heard) / 32_000
    assert limit - 3 < charged <= limit


async def test_racing_files_share_the_seconds_of_the_day_exactly(
    world: World, tmp_path: Path
) -> None:
    """Of many files that race to both functions, as many are taken as the day has room for."""
    file = write_audio(tmp_path / "speech.wav", seconds=4)
    world.engine.script = Script(text="one two", batch=BatchScript(think_ms=500))
    user, user_id = await world.limited("batch", sessions=CALLERS, seconds=22)
    async with Api(world.fleet.url, user) as api:

        async def send() -> str:
            try:
                return (await api.transcribe(file)).text
            except ApiError as error:
                return str(error.failure.code)

        answers = Counter(await asyncio.gather(*(send() for _ in range(CALLERS))))
        assert answers["one two"] == 5
        assert answers.total() == CALLERS
        # `capacity` is a user's share of one process's uploads, which is refused before the ledger.
        assert set(answers) <= {"one two", "session_limit", "quota_exceeded", "capacity"}
        assert await send() == "quota_exceeded"
    await until(lambda: world.settled(user_id))
    assert sum(row["charged_seconds"] for row in await world.rows(user_id)) == 20
