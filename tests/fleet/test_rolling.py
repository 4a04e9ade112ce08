"""Laws of a fleet that is restarted, killed and reloaded under its users."""

import asyncio
import signal
import socket
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from local_stack.provider import Script
from local_stack.provider.script import BatchScript
from tests.audio_files import write_audio
from tests.fleet.rolling import PEOPLE
from tests.fleet.world import World
from tests.waiting import until
from utter_transcribe.errors import ApiError, UnreachableError
from utter_transcribe.events import Opened, Reconnecting
from utter_transcribe.files import Api

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.process]


async def test_a_rolling_restart_costs_nobody_a_sound(world: World) -> None:
    """Every bridge is replaced under 60 recordings: all complete, and all of them was heard.

    Who is told anything is told of a connection that is made again, and of nothing worse.
    """
    recordings = [world.recording() for _ in range(PEOPLE)]

    async def restart_all() -> None:
        for recording in recordings:
            await recording.handed(1.0)
        for bridge in world.fleet.bridges:
            await bridge.drain()
            await bridge.start()
            await bridge.ready()
        for recording in recordings:
            recording.end()

    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(recording.run()) for recording in recordings]
        group.create_task(restart_all())
    results = [run.result() for run in runs]
    heard = world.heard()
    assert Counter((result.status, result.reason) for result in results) == {
        ("complete", None): PEOPLE
    }
    assert all(result.reconnects for result in results)
    assert [recording.gaps(heard) for recording in recordings] == [[]] * PEOPLE
    told = [event for recording in recordings for event in recording.seen.of(Reconnecting)]
    assert all(event.failure.retryable for event in told)


async def test_a_killed_bridge_is_followed_by_another(world: World) -> None:
    """A session whose bridge dies goes on at another one, and nothing of it is missing."""
    recording = world.recording()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(recording.run())
        await recording.handed(2.0)
        [holder] = await world.busy()
        await holder.kill()
        await recording.seen.until(lambda: len(recording.seen.of(Opened)) == 2)
        [successor] = await world.busy()
        await recording.handed(4.0)
        recording.end()
    result = run.result()
    assert successor is not holder
    assert (result.status, result.reconnects) == ("complete", 1)
    assert recording.gaps(world.heard()) == []
    first, second = [await world.row(session_id) for session_id in result.session_ids]
    assert (first["status"], second["status"]) == ("replaced", "complete")
    assert second["replaces"] == first["id"]
    assert second["granted_seconds"] == first["granted_seconds"] - first["charged_seconds"]
    await holder.start()
    await holder.ready()


async def test_a_reload_of_the_balancer_goes_unnoticed(world: World) -> None:
    """New workers of nginx take the new connections; a recording stays on the old one."""
    recording = world.recording()
    async with asyncio.TaskGroup() as group:
        run = group.create_task(recording.run())
        await recording.handed(1.0)
        await world.fleet.nginx.reload()
        late = world.recording()
        late_run = group.create_task(late.run())
        await late.handed(1.0)
        for one in (recording, late):
            one.end()
    heard = world.heard()
    for one, result in ((recording, run.result()), (late, late_run.result())):
        assert (result.status, result.reconnects) == ("complete", 0)
        assert one.gaps(heard) == []


async def test_a_rolling_restart_costs_nobody_a_file(world: World, tmp_path: Path) -> None:
    """Both functions are replaced under files on their way: every file is answered, and once."""
    file = write_audio(tmp_path / "speech.wav", seconds=4)
    world.engine.script = Script(text="one two", batch=BatchScript(think_ms=300))
    restarted = asyncio.Event()

    async def send() -> tuple[str, int]:
        user, user_id = await world.limited("batch", sessions=1, seconds=1000)
        files = 0
        async with Api(world.fleet.url, user) as api:
            while not restarted.is_set():
                assert await transcribed(api, file) == "one two"
                files += 1
        return user_id, files

    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send()) for _ in range(8)]
        for functions in world.fleet.functions:
            await functions.drain()
            await functions.start()
            await functions.ready()
        restarted.set()
    for user_id, files in (sender.result() for sender in senders):
        charged = [row["charged_seconds"] for row in await world.rows(user_id, "complete")]
        assert charged == [4] * files


async def test_a_process_that_drains_costs_nobody_a_try(world: World, tmp_path: Path) -> None:
    """While one of two functions finishes its last file, every other file is taken at once.

    The other one was away a moment before, as in a rolling restart.
    """
    file = write_audio(tmp_path / "speech.wav", seconds=4)
    world.engine.script = Script(text="one two", batch=BatchScript(think_ms=2500))
    draining, other = world.fleet.functions
    user, _ = await world.limited("batch", sessions=20, seconds=1000)
    async with (
        Api(draining.url, user) as held,
        Api(world.fleet.url, user) as api,
        asyncio.TaskGroup() as group,
    ):
        await other.kill()
        for _ in world.fleet.functions:  # in turn, so that the proxy tries the other too
            await api.usage()
        await other.start()
        await other.ready()
        before = len(world.provider.requests)
        last = group.create_task(held.transcribe(file))
        await until(lambda: len(world.provider.requests) > before)
        world.engine.script = Script(text="one two")
        draining.signal(signal.SIGTERM)
        await until(lambda: not _listens(draining.port))
        for _ in range(6):
            assert (await api.transcribe(file)).text == "one two"
        assert not last.done()
    assert last.result().text == "one two"
    await draining.ended()
    await draining.start()
    await draining.ready()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def transcribed(api: Api, file: Path) -> str:
    """Send a file as a page does: what may be tried again is, under the same key."""
    key = str(uuid4())
    while True:
        try:
            return (await api.transcribe(file, idempotency_key=key)).text
        except (ApiError, UnreachableError) as error:
            if not error.failure.retryable:
                raise
            await asyncio.sleep(0.1)
