"""Starting and going: ready, draining, and what was begun."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from tests.edge_functions.world import PATH, World, half_an_upload, problem, running
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = Script(text="one two three", batch=BatchScript(think_ms=1000))


async def test_alive_and_ready(world: World) -> None:
    """Both answers need no token."""
    assert (await world.http.get("/healthz")).json() == {"status": "alive"}
    ready = (await world.http.get("/readyz")).json()
    assert (ready["status"], ready["provider"]["name"]) == ("ready", "mistral")


async def test_a_process_without_keys_is_not_ready(postgres: Postgres, tmp_path: Path) -> None:
    """Until tokens can be verified, no work is sent here."""
    async with running(postgres, tmp_path) as world:
        world.services.shell.warm.clear()
        response = await world.http.get("/readyz")
        assert (response.status_code, response.json()["status"]) == (503, "starting")
        assert (await world.http.get("/healthz")).status_code == 200


async def test_a_process_that_cannot_read_audio_is_not_ready(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speech: bytes
) -> None:
    """A worker that does not start is our fault: 500, counted, and no more work is sent here."""
    others = set(psutil.Process().children())
    async with running(postgres, tmp_path, functions_inspect_workers=1) as world:
        before = (await world.http.get(world.metrics_url)).text
        assert 'utter_audio_failures_total{reason="start"} 0.0' in before
        person = await world.stack.person("ada@example.com")
        monkeypatch.setattr(sys, "executable", "/bin/false")
        [worker] = [
            one
            for one in set(psutil.Process().children()) - others
            if "transcription.audio.worker" in one.cmdline()
        ]
        worker.kill()
        # Gone from the table: the service has been told that it ended.
        await until(lambda: not psutil.pid_exists(worker.pid))
        async with world.signed_in(person) as client:
            told = problem(await client.post(PATH, files={"audio": speech}))
        assert (told.status, told.code) == (500, "internal")
        ready = await world.http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "no_audio_worker")
        after = (await world.http.get(world.metrics_url)).text
        assert 'utter_audio_failures_total{reason="start"} 1.0' in after
        await world.is_clean(person)


async def test_draining_ends_what_was_begun_and_begins_nothing(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """While it drains, a process answers what it has, refuses what is new, and is not ready."""
    async with running(postgres, tmp_path, SLOW) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            begun = asyncio.create_task(client.post(PATH, files={"audio": speech}))
            await until(lambda: len(world.provider.requests) == 1)
            draining = asyncio.create_task(world.services.in_flight.drain(20))
            await asyncio.sleep(0)
            assert (await world.http.get("/readyz")).json()["status"] == "draining"
            for path in (PATH, "/api/clone"):
                told = problem(await client.post(path, files={"audio": speech}))
                assert (told.status, told.code, told.retryable) == (503, "draining", True)
            assert (await client.get("/api/voices")).status_code == 200
            assert (await begun).json()["text"] == "one two three"
            await draining
        await world.is_clean(person)


async def test_what_takes_too_long_is_ended_and_settled(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """Work that outlives the drain is cut off: its seconds come back and its key is free."""
    slow = Script(text="one", batch=BatchScript(think_ms=60_000))
    async with running(postgres, tmp_path, slow, functions_drain_seconds=0.1) as world:
        person = await world.stack.person("ada@example.com")
        services = world.services
        async with world.signed_in(person) as client:
            headers = {"Accept": "text/event-stream", "Idempotency-Key": "cut"}
            begun = asyncio.create_task(client.post(PATH, files={"audio": speech}, headers=headers))
            await until(lambda: len(world.provider.requests) == 1)
            await services.in_flight.drain(0.1)
            await services.in_flight.aclose()
            begun.cancel()
        [row] = await world.usage_of(person)
        assert (row["status"], row["charged"]) == ("failed", 0.0)
        keys = await world.stack.execute("select * from ledger.idempotency_keys")
        assert keys == []
        await world.is_clean(person)


async def test_a_head_that_never_ends_is_not_waited_for(postgres: Postgres, tmp_path: Path) -> None:
    """A connection that asks nothing, or trickles, is closed; one that has asked is kept."""
    asked = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    async with running(postgres, tmp_path, functions_head_seconds=0.3) as world:
        for first, trickle in ((b"", b""), (b"", b"GET / HTTP/1.1\r\nX: "), (asked, b"GET /")):
            reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
            if first:
                writer.write(first)
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(1.0)
                assert not reader.at_eof()
            writer.write(trickle)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()


async def test_a_port_that_is_taken_is_told(world: World) -> None:
    """A process that cannot listen says so in one line."""
    started = await create_subprocess_exec(
        *(sys.executable, "-m", "edge_functions"),
        stdout=PIPE,
        stderr=PIPE,
        env=environment_of(world, port=world.port),
    )
    _, err = await started.communicate()
    assert started.returncode == 1
    assert err.startswith(b"Cannot start: ")
    assert err.count(b"\n") == 1


def environment_of(world: World, *, port: int) -> dict[str, str]:
    """Return what a process beside the world is started with."""
    return {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": world.stack.supabase.url,
        "SUPABASE_PUBLISHABLE_KEY": world.stack.supabase.keys.publishable,
        "SUPABASE_SECRET_KEY": world.stack.supabase.keys.secret,
        "MISTRAL_API_KEY": "test",
        "MISTRAL_SERVER_URL": world.provider.url,
        "FUNCTIONS_PORT": str(port),
        "FUNCTIONS_METRICS_PORT": "0",
        "FUNCTIONS_UPLOAD_DIR": str(world.folder),
    }


@asynccontextmanager
async def process(world: World) -> AsyncIterator[tuple[Process, str]]:
    """Run `python -m edge_functions` beside the world; gives its address."""
    port = free_port()
    environment = environment_of(world, port=port)
    running = await create_subprocess_exec(
        sys.executable, "-m", "edge_functions", stdout=PIPE, stderr=PIPE, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as client:

            async def ready() -> bool:
                assert running.returncode is None
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx.ConnectError:
                    return False

            await until(ready, seconds=30)
        yield running, url
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
async def test_a_running_process_shows_no_secret(world: World) -> None:
    """What was read from the environment is no longer in it, for children or for `/proc`."""
    async with process(world) as (running, _):
        shown = Path(f"/proc/{running.pid}/environ").read_bytes()  # noqa: ASYNC240
        assert b"SUPABASE_URL" in shown
        for name, value in environment_of(world, port=0).items():
            if name in {"SUPABASE_SECRET_KEY", "MISTRAL_API_KEY"}:
                assert f"{name}={value}".encode() not in shown
        for child in psutil.Process(running.pid).children(recursive=True):
            assert child.environ() == {}


async def test_sigterm_lets_an_upload_end(world: World, speech: bytes) -> None:
    """A process that is told to go answers first, removes its folder, and exits with 0."""
    world.engine.script = SLOW
    person = await world.stack.person("leaving@example.com")
    async with process(world) as (running, url):
        headers = {"Authorization": f"Bearer {await person.token()}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
            begun = asyncio.create_task(client.post(PATH, files={"audio": speech}))
            await until(lambda: len(world.provider.requests) == 1)
            running.send_signal(signal.SIGTERM)
            response = await begun
        assert response.json()["text"] == "one two three"
        out, err = await asyncio.wait_for(running.communicate(), 15)
    assert running.returncode == 0, err
    assert err == b""
    assert b'"event": "stopped"' in out
    assert b"one two three" not in out
    assert [folder for folder in world.folder.iterdir() if folder.is_dir()] == [
        world.services.uploads.folder
    ]


async def test_what_a_killed_process_left_is_removed_by_the_next(
    world: World, speech: bytes
) -> None:
    """Half an upload of a process that was killed is gone when another one has started."""
    person = await world.stack.person("killed@example.com")
    async with process(world) as (running, url):
        port = int(url.rpartition(":")[2])
        writer = await half_an_upload(port, await person.token(), PATH)
        await until(lambda: len(world.files()) == 1)
        running.kill()
        await running.wait()
        writer.close()
    assert len(world.files()) == 1
    async with process(world):
        assert world.files() == []
