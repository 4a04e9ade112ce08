"""The process: its signals, its output, its memory, its end."""

import asyncio
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from shared_schema.limits import MAX_FRAME_BYTES
from tests.doubles.project import SECRET_KEY
from tests.waiting import until
from tests.ws_bridge.process import PROVIDER_KEY, bridge, environment, start
from tests.ws_bridge.world import SILENCE, Talk
from ws_bridge.token_bucket import BURST_BYTES

pytestmark = pytest.mark.process

SAID = Script(text="one two three")


async def _hear_one_word(talk: Talk) -> None:
    for _ in range(2):
        await talk.send(SILENCE)
    await talk.next("delta")


async def test_sigterm_lets_a_session_end(tmp_path: Path) -> None:
    """After SIGTERM a session goes on to its own end, nobody else is let in, and all is settled."""
    async with bridge(tmp_path, SAID, BRIDGE_DRAIN_SECONDS="60") as running:
        async with running.session() as talk:
            await _hear_one_word(talk)
            running.signal(signal.SIGTERM)
            notice = await talk.next("notice")
            assert (notice["code"], notice["deadline_ms"]) == ("draining", 60_000)
            assert (await running.get("/readyz")).status_code == 503
            assert (await running.get("/healthz")).status_code == 200
            async with running.talk() as late:
                (await late.ended()).failed(ErrorCode.DRAINING)
            await talk.send(SILENCE)
            final = (await talk.stopped()).completed()
            assert final["text"] == "one two three"
        assert await running.exit_code() == 0
        (settled,) = running.project.closed.values()
        assert (settled["audio_seconds"], settled["status"]) == (0.3, "complete")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
async def test_a_running_process_shows_no_secret(tmp_path: Path) -> None:
    """What was read from the environment is no longer in it."""
    async with bridge(tmp_path, SAID) as running:
        shown = Path(f"/proc/{running.process.pid}/environ").read_bytes()  # noqa: ASYNC240
        assert b"SUPABASE_URL" in shown
        for secret in (SECRET_KEY, PROVIDER_KEY):
            assert secret.encode() not in shown


async def test_the_deadline_after_sigterm(tmp_path: Path) -> None:
    """At the deadline a session ends with its text and `draining`, and the process with 0."""
    async with bridge(tmp_path, SAID, BRIDGE_DRAIN_SECONDS="0.2") as running:
        async with running.session() as talk:
            await _hear_one_word(talk)
            running.signal(signal.SIGTERM)
            heard = await talk.ended()
            heard.failed(ErrorCode.DRAINING)
            assert heard.of("final")[0]["text"] == "one two three"
        assert await running.exit_code() == 0
        (settled,) = running.project.closed.values()
        assert (settled["status"], settled["reason"]) == ("partial", "draining")


async def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    """A second signal ends what is left at once: the client keeps its text, the process ends."""
    async with bridge(tmp_path, Script(at_end="never"), BRIDGE_DRAIN_SECONDS="60") as running:
        async with running.session() as talk:
            await _hear_one_word(talk)
            running.signal(signal.SIGINT)
            await talk.next("notice")
            running.signal(signal.SIGTERM)
            heard = await talk.ended()
            heard.failed(ErrorCode.DRAINING)
            assert heard.of("final")[0]["text"] == "the"
        assert await running.exit_code() == 0
        (settled,) = running.project.closed.values()
        assert (settled["status"], settled["reason"]) == ("partial", "draining")


async def test_a_flood_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Clients that send without end, faster than real time, cost a bounded piece of memory."""
    sent = 0

    async def flood(talk: Talk) -> None:
        nonlocal sent
        while True:
            await talk.send(bytes(MAX_FRAME_BYTES))
            sent += MAX_FRAME_BYTES

    async with bridge(tmp_path) as running, AsyncExitStack() as stack:
        memory = psutil.Process(running.process.pid).memory_info
        talks = [await stack.enter_async_context(running.session()) for _ in range(8)]
        await _hear_one_word(talks[0])
        before = memory().rss
        floods = [asyncio.create_task(flood(talk)) for talk in talks]
        heard = running.provider.sessions
        await until(lambda: all(one.audio_bytes > BURST_BYTES + 64_000 for one in heard))
        grown = memory().rss - before
        for task, talk in zip(floods, talks, strict=True):
            task.cancel()
            talk.socket.transport.abort()
        await asyncio.gather(*floods, return_exceptions=True)
    waiting = sent - sum(one.audio_bytes for one in heard)
    # Eight frames wait in each session, and the largest that is being read; the rest waits with
    # the clients and the kernel.
    assert grown < 8 * 9 * MAX_FRAME_BYTES + 8 * 1024 * 1024 < waiting


async def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    """A busy port is named in a line, without a traceback, and the process fails."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = environment("http://127.0.0.1:9", "http://127.0.0.1:9", BRIDGE_PORT=str(port))
        process = await start(tmp_path, env)
        output, _ = await process.communicate()
    assert process.returncode == 1
    lines = output.decode().splitlines()
    assert [line for line in lines if not line.startswith("{")] == [lines[-1]]
    assert lines[-1].startswith("Cannot start: ")
    assert str(port) in lines[-1]


async def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    """Every wrong setting is named before anything starts, and no secret is shown."""
    env = environment("no address", "ftp://nowhere", BRIDGE_MAX_SESSIONS="0", LOG_LEVEL="LOUD")
    del env["SUPABASE_PUBLISHABLE_KEY"]
    process = await start(tmp_path, env)
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 1
    for name in (
        "SUPABASE_URL",
        "MISTRAL_SERVER_URL",
        "BRIDGE_MAX_SESSIONS",
        "LOG_LEVEL",
        "SUPABASE_PUBLISHABLE_KEY",
    ):
        assert f"\n  {name}: " in text
    assert "Traceback" not in text
    for secret in (env["SUPABASE_SECRET_KEY"], env["MISTRAL_API_KEY"]):
        assert secret not in text
