"""The command: one line when ready, one line when not, and nothing left behind."""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.local_stack.provider.wire import eventually

pytestmark = pytest.mark.process


@asynccontextmanager
async def command(*arguments: str) -> AsyncIterator[Process]:
    """The command, killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "local_stack.provider", *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready(process: Process) -> str:
    """The URL that the ready line tells."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("provider ready at http://127.0.0.1:")
    return line.split()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signal(number: signal.Signals) -> None:
    """A signal ends the server cleanly and silently."""
    async with command("--engine", "scripted", "--port", "0") as process:
        url = await ready(process)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/healthz")).status_code == 200
        process.send_signal(number)
        assert await process.communicate() == (b"", b"")
        assert process.returncode == 0


async def test_another_wire() -> None:
    """The wire is chosen by its name."""
    async with command("--engine", "scripted", "--port", "0", "--wire", "vllm") as process:
        url = await ready(process)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/health")).status_code == 200
            models = (await client.get(f"{url}/v1/models")).json()["data"]
        assert [one["id"] for one in models] == ["mistralai/Voxtral-Mini-4B-Realtime-2602"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_process_is_left(number: signal.Signals) -> None:
    """However the server ends, its engines end as well."""
    async with command("--port", "0") as process:
        await ready(process)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(number)
        await process.wait()
        await eventually(lambda: not any(child.is_running() for child in children))


async def test_port_taken() -> None:
    """A port that is taken is named in one line."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        async with command("--engine", "scripted", "--port", port) as process:
            out, error = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert error.decode().count("\n") == 1
    assert port in error.decode()


async def test_script(tmp_path: Path) -> None:
    """A mistake in a script is named in one line, and so is a name that is none."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("drop_at_frame = -1\nerror_code = 'x'\n")
    for script, named in ((str(wrong), "drop_at_frame"), ("no-such-script", "flaky")):
        async with command("--script", script, "--port", "0") as process:
            _, error = await process.communicate()
        assert process.returncode == 1
        assert error.decode().count("\n") == 1
        assert named in error.decode()


@pytest.mark.parametrize(
    "arguments",
    [("--script", "drop", "--engine", "sphinx"), ("--port", "65536"), ("--port", "http")],
)
async def test_usage(arguments: tuple[str, ...]) -> None:
    """Arguments that make no sense are usage errors."""
    async with command(*arguments) as process:
        await process.communicate()
    assert process.returncode == 2
