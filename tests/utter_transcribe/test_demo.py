"""Laws of the demonstration: everything starts, everything ends, and what it says is true."""

import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from shared_schema.base import REALTIME_PATH
from tests.ports import is_room, room
from utter_transcribe.cli import app
from utter_transcribe.local import Local

pytestmark = pytest.mark.timeout(180)  # the sample is spoken three times, in real time

SAMPLES = Path(__file__).parents[2] / "local_stack" / "samples"
BIN = Path(sys.executable).parent


@pytest.fixture
def offset() -> int:
    """How far from the usual ports there is room for a stack."""
    return room()


class Demo:
    """A running demonstration."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, words: str) -> None:
        """Read until this was said."""
        assert self.process.stdout
        while words not in self.said:
            line = await self.process.stdout.readline()
            if not line:
                raise AssertionError((self.said, await self.ended()))
            self.said += line.decode()

    def children(self) -> list[psutil.Process]:
        """Every process that it has started so far, and those that they have."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, module: str) -> psutil.Process:
        """The process that runs a module."""
        return next(child for child in self.children() if module in child.cmdline())

    async def ended(self) -> tuple[int | None, str]:
        """Wait for its end; return the status and what stood on standard error."""
        out, err = await self.process.communicate()
        self.said += out.decode()
        return self.process.returncode, err.decode()


@asynccontextmanager
async def demo(folder: Path, offset: int, *arguments: str) -> AsyncIterator[Demo]:
    """Run a demonstration with the short sample."""
    process = await asyncio.create_subprocess_exec(
        BIN / "utter-transcribe",
        *("demo", "--ports", str(offset), "--sample", str(SAMPLES / "short.wav"), *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Demo(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def output(command: str, folder: Path) -> tuple[int | None, str]:
    """Run a command line; return its exit status and what it wrote."""
    process = await asyncio.create_subprocess_shell(
        command, cwd=folder, env={"PATH": os.environ["PATH"]}, stdout=PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.mark.process
async def test_it_serves_until_ctrl_c_and_starts_again(tmp_path: Path, offset: int) -> None:
    """The printed command works; Ctrl-C leaves no process; a second start works and ends well."""
    async with demo(tmp_path, offset) as running:
        await running.until("Ctrl-C ends everything")
        assert "Set MISTRAL_API_KEY for Voxtral" in running.said
        [command] = [line.strip() for line in running.said.splitlines() if "YOUR-REC" in line]
        live = command.replace("YOUR-RECORDING.wav", str(SAMPLES / "short.wav"))
        file = (
            f"{BIN}/utter-transcribe file {SAMPLES}/short.wav --url {Local(offset).functions_url}"
        )
        for own in (live, file):
            assert await output(own, tmp_path) == (0, (SAMPLES / "short.txt").read_text())
        # `npm run dev` beside it is one of its pages; a stranger's page is none.
        address = f"{Local(offset).bridge_url.replace('http', 'ws')}{REALTIME_PATH}"
        async with connect(address, origin=Origin("http://127.0.0.1:5173")):
            pass
        with pytest.raises(InvalidStatus):
            async with connect(address, origin=Origin("http://127.0.0.1:5174")):
                pass
        children = running.children()
        assert len(children) > 2
        running.process.send_signal(signal.SIGINT)
        assert await running.ended() == (0, "")
    assert not [child for child in children if child.is_running()]
    assert is_room(offset)

    async with demo(tmp_path, offset, "--once") as running:
        status, err = await running.ended()
    assert (status, err) == (0, "")
    figures = json.loads(running.said.splitlines()[-1])
    assert list(figures) == [
        "ready_ms",
        "first_delta_ms",
        "deltas",
        "live_text",
        "reference",
        "wer",
        "audio_seconds",
        "status",
        "final_text",
        "wer_final",
        "voice_id",
        "usage",
        "engine",
    ]
    assert figures["live_text"] in running.said.splitlines()
    assert figures["status"] == "complete"
    assert figures["wer"] <= 0.05
    assert figures["audio_seconds"] == pytest.approx(4.85, abs=0.1)
    assert figures["deltas"] > 0
    assert 0 < figures["ready_ms"] < figures["first_delta_ms"]
    assert figures["wer_final"] <= 0.03
    assert "read back, byte for byte" in running.said
    for kind in ("realtime", "batch"):
        assert figures["usage"][kind]["used_seconds"] == pytest.approx(4.85, abs=0.1)
        assert figures["usage"][kind]["cost_microdollars"] > 0
    assert figures["usage"]["open_sessions"] == []


@pytest.mark.process
async def test_another_providers_wire(tmp_path: Path, offset: int) -> None:
    """The same words come over the wire of a self-hosted provider, and cost nothing."""
    async with demo(tmp_path, offset, "--once", "--provider", "vllm") as running:
        status, err = await running.ended()
    assert (status, err) == (0, "")
    assert "over the wire of vllm" in running.said
    figures = json.loads(running.said.splitlines()[-1])
    assert figures["status"] == "complete"
    assert figures["wer"] <= 0.05
    assert figures["usage"]["realtime"]["used_seconds"] == pytest.approx(4.85, abs=0.1)
    assert figures["usage"]["cost_microdollars"] == 0


@pytest.mark.process
async def test_a_service_that_dies_ends_it(tmp_path: Path, offset: int) -> None:
    """When a service ends by itself, all is ended, and its last words are shown."""
    async with demo(tmp_path, offset) as running:
        await running.until("Signed in")
        children = running.children()
        running.child("ws_bridge").kill()
        status, err = await running.ended()
    assert status == 1
    assert "utter-transcribe: The realtime bridge ended with status -9" in err
    assert "ws_bridge.log" in err
    assert "listening" in err  # from its log
    assert "Traceback" not in err
    assert not [child for child in children if child.is_running()]


@pytest.mark.process
async def test_sigterm_while_it_starts_leaves_nothing(tmp_path: Path, offset: int) -> None:
    """Ended at any time, also by its parent, it takes everything along."""
    async with demo(tmp_path, offset, "--once") as running:
        await running.until("Offline engine")
        children = running.children()
        running.process.terminate()
        assert await running.ended() == (130, "")
    assert children
    assert not [child for child in children if child.is_running()]


@pytest.mark.process
async def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path, offset: int) -> None:
    """One clear line says which port is taken; nothing was started or written."""
    busy = Local(offset).bridge_port
    with socket.create_server(("127.0.0.1", busy)):
        async with demo(tmp_path, offset) as running:
            status, err = await running.ended()
    assert (status, running.said) == (1, "")
    assert err.startswith(f"utter-transcribe: port {busy} is busy, and the realtime bridge needs")
    assert err.count("\n") == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.process
async def test_a_service_that_cannot_start_is_shown(tmp_path: Path, offset: int) -> None:
    """What a service says against its start is what a person reads."""
    (tmp_path / ".local").mkdir()
    with (tmp_path / ".local" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another stack would
        async with demo(tmp_path, offset) as running:
            status, err = await running.ended()
    assert status == 1
    assert "Supabase and the offline engine ended with status 1" in err
    assert "is in use by a running local_stack" in err
    assert is_room(offset)


def test_several_providers_are_seen_to_fail_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The services are told the order; the first is one that fails, whatever key there is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "env").write_text(
        "TRANSCRIPTION_PROVIDER=vllm\nVLLM_SERVER_URL=http://127.0.0.1:1\n"
        "LOCAL_ENGINE=Moonshine, English\n"
    )
    monkeypatch.setenv("MISTRAL_API_KEY", "mine")
    local = Local(provider="vllm", before=["mistral"])
    neighbours, failing, *services = local.services()
    assert neighbours.arguments[-2:] == ["--wire", "vllm"]
    assert failing.arguments[3:7] == ["--wire", "mistral", "--script", "mute"]
    for service in services:
        told = service.environment()
        assert told["TRANSCRIPTION_PROVIDERS"] == "mistral,vllm"
        assert told["MISTRAL_API_KEY"] == "local"
        assert told["MISTRAL_SERVER_URL"] == f"http://127.0.0.1:{failing.ports[0]}"
        assert told["VLLM_SERVER_URL"] == "http://127.0.0.1:1"
        assert told["NOTICE"] == "Offline engine (Moonshine, English), behind mistral, which fails."


@pytest.mark.parametrize("providers", ["mistral,mistral", "mistral,nobody", ","])
def test_an_order_of_providers_that_there_is_not(providers: str) -> None:
    """An order with a provider twice, or with an unknown one, is told before anything starts."""
    ended = CliRunner().invoke(app, ["demo", "--once", "--providers", providers])
    assert ended.exit_code != 0
    assert "each once" in ended.output + ended.stderr


def test_a_real_key_means_the_real_provider(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a key in the environment or in `.env` the services go to the hosted provider."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    monkeypatch.setenv("SUPABASE_JWT_SECRET", "another project's")
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "env").write_text(
        "MISTRAL_API_KEY=local\nMISTRAL_SERVER_URL=http://127.0.0.1:1\nSUPABASE_URL=http://here\n"
        "LOCAL_ENGINE=Moonshine, English\n"
    )
    for service in Local().services():
        offline = service.environment()
        assert offline["MISTRAL_SERVER_URL"] == "http://127.0.0.1:1"
        told = "Offline engine (Moonshine, English). Set MISTRAL_API_KEY for Voxtral."
        assert offline["NOTICE"] == told
        assert offline["SUPABASE_URL"] == "http://here"
        assert "SUPABASE_JWT_SECRET" not in offline
    (tmp_path / ".env").write_text("MISTRAL_API_KEY=mine\nSUPABASE_URL=http://there\n")
    for service in Local().services():
        real = service.environment()
        assert real["MISTRAL_API_KEY"] == "mine"
        assert "MISTRAL_SERVER_URL" not in real
        assert real["NOTICE"] == ""
        assert real["SUPABASE_URL"] == "http://here"
