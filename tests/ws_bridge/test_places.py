"""Places are counted, and pass on to who resumes."""

import asyncio
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from shared_schema.errors import ErrorCode
from tests.doubles.auth import OTHER_USER
from tests.waiting import until, within
from tests.ws_bridge.process import bridge
from tests.ws_bridge.raw import raw
from tests.ws_bridge.world import SILENCE, Talk, running

VERSION_3 = "voxtral-mini-transcribe-realtime-3"


async def test_the_successor_takes_the_place() -> None:
    """A resumed session ends and settles its predecessor, which is told so, then goes on."""
    async with running(bridge_max_sessions=1) as world, world.session() as old:
        for _ in range(4):
            await old.send(SILENCE)
        await old.next("delta")
        session_id = old.heard.of("ready")[0]["session_id"]
        async with world.session(resumes=session_id) as new:
            first, second = world.ledger.entries.values()
            assert first.settled == (0.4, "partial", ErrorCode.FORBIDDEN)
            assert second.replaces == session_id
            (await old.ended()).failed(ErrorCode.FORBIDDEN)
            await new.send(SILENCE)
            (await new.stopped()).completed()
        await world.is_clean(upstreams=2)


async def test_a_half_dead_socket_does_not_lock_out_its_user() -> None:
    """The place passes on at once, though the old socket answers nothing any more."""
    async with running(bridge_max_sessions=1) as world, raw(world.url) as old:
        await old.send(world.start())
        session_id = (await old.next("ready"))["session_id"]
        async with within(2), world.session(resumes=session_id) as new:
            assert len(world.app.bridge) == 2
            (await new.stopped()).completed()
        await world.is_clean(upstreams=2)


async def test_nobody_takes_over_anothers_session() -> None:
    """Who names a stranger's session in `resumes` does not touch it."""
    async with running() as world, world.session() as mine:
        session_id = mine.heard.of("ready")[0]["session_id"]
        token = world.issuer.token(OTHER_USER)
        async with world.session(access_token=token, resumes=session_id) as theirs:
            (await theirs.stopped()).completed()
        await mine.send(SILENCE)
        (await mine.stopped()).completed()
        await world.is_clean(upstreams=2)


async def test_every_place_is_counted() -> None:
    """The cap on sessions holds, and a place that is given back is free at once."""
    async with running(bridge_max_sessions=2) as world, world.session() as one, world.session():
        assert world.app.bridge.open_sessions == 2
        error = await world.refused(ErrorCode.CAPACITY)
        assert error["retry_after"] > 0
        (await one.stopped()).completed()
        await until(lambda: world.app.bridge.open_sessions == 1)
        async with world.session() as third:
            (await third.stopped()).completed()
    await world.is_clean()


async def test_sockets_that_wait_are_counted() -> None:
    """The cap on sockets that were not let in holds, and those let in do not count."""
    async with (
        running(bridge_max_pending=1) as world,
        world.session() as live,
        world.talk() as waiting,
    ):
        await until(lambda: len(world.app.bridge) == 2)
        async with world.talk() as late:
            (await late.ended()).failed(ErrorCode.CAPACITY)
        await waiting.send(world.start())
        (await waiting.stopped()).completed()
        (await live.stopped()).completed()
        await world.is_clean(upstreams=2)


@pytest.mark.process
async def test_a_trickle_ends(tmp_path: Path) -> None:
    """A session that is fed two bytes now and then gives back its place, socket and seconds."""

    async def trickle(talk: Talk) -> None:
        while True:
            await talk.send(bytes(2))
            await asyncio.sleep(0.1)

    async with (
        bridge(tmp_path, MAX_AUDIO_SECONDS="5", BRIDGE_SLACK_SECONDS="0.5") as running,
        running.session() as talk,
    ):
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(trickle(talk), 20)
        (await talk.ended()).failed(ErrorCode.IDLE_TIMEOUT)
        line = await running.logged("transcription")
        assert line["wall_seconds"] < 5
        for session in running.provider.sessions:
            await asyncio.wait_for(session.closed.wait(), 5)
