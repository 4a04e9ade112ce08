"""`python -m bench.batch`: what large uploads cost the functions, in memory and in time."""

import asyncio
import json
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import psutil
import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.children import START_SECONDS, Child, running
from bench.cores import Cores

RESULTS: Final = Path(__file__).with_name("batch.json")
MEMORY_LIMIT_MB: Final = 120.0
TIME_LIMIT: Final = 1.3
THINK_SECONDS: Final = 2.0
_SECONDS: Final = 260
"""Of every file: its size is a matter of its rate."""
_SAMPLE_SECONDS: Final = 0.01
_PROVIDER_PATH: Final = "/v1/audio/transcriptions"


@dataclass(frozen=True, slots=True)
class Memory:
    """What many uploads at once cost.

    Attributes:
        uploads: At once.
        file_mb: Of each file, in 1024² bytes.
        idle_mb: Resident memory of the service and its workers before, in 1024² bytes.
        grown_mb: By how much it was greater at its peak.
        seconds: Until the last was answered.
    """

    uploads: int
    file_mb: float
    idle_mb: float
    grown_mb: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Detour:
    """What the way through the service costs.

    Attributes:
        file_mb: Of the file, in 1024² bytes.
        direct: Seconds of each call to the provider itself.
        through: Seconds of each call through the service.
    """

    file_mb: float
    direct: list[float]
    through: list[float]

    @property
    def ratio(self) -> float:
        """Return median through / median direct."""
        return statistics.median(self.through) / statistics.median(self.direct)


@dataclass(frozen=True, slots=True)
class Lab:
    """The processes of a run."""

    functions: Child
    supabase: Child
    functions_url: str
    provider_url: str

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, *, think_seconds: float) -> AsyncIterator["Lab"]:
        """Start them; ended when the block is left.

        Raises:
            ChildError: one does not start.
        """
        python, cores = sys.executable, Cores.of_this_machine()
        async with AsyncExitStack() as stack:
            swallower = (python, "-m", "bench.swallower", str(think_seconds))
            provider = await stack.enter_async_context(
                running("provider", swallower, cores.others, {})
            )
            supabase = await stack.enter_async_context(
                running("supabase", (python, "-m", "bench.supabase"), cores.others, {})
            )
            provider_url = await _url(provider)
            settings = {
                "SUPABASE_URL": await _url(supabase),
                "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_bench",
                "SUPABASE_SECRET_KEY": "sb_secret_bench",
                "MISTRAL_API_KEY": "bench",
                "MISTRAL_SERVER_URL": provider_url,
                "FUNCTIONS_PORT": "0",
                "FUNCTIONS_METRICS_PORT": "0",
                "FUNCTIONS_SWEEP_SECONDS": "0",
                "FUNCTIONS_UPLOAD_DIR": str(folder),
                # All of the load comes from one address.
                "FUNCTIONS_MAX_UPLOADS_PER_ADDRESS": "32",
            }
            functions = await stack.enter_async_context(
                running("functions", (python, "-m", "edge_functions"), cores.relay, settings)
            )
            url = await _url(functions)
            await _ready(url)
            yield cls(functions, supabase, url, provider_url)

    async def memory(self, uploads: int, path: Path) -> Memory:
        """Send a file so many times at once, and watch the service's memory."""
        await self._send(path, self.functions_url, 1)
        idle = _resident(self.functions.pid)
        with _peak(self.functions.pid) as peak:
            seconds = max(await self._send(path, self.functions_url, uploads))
        return Memory(uploads, _mb(path), idle / 1024**2, (peak[0] - idle) / 1024**2, seconds)

    async def detour(self, path: Path, rounds: int) -> Detour:
        """Time a file on both ways, in turns."""
        direct, through = [], []
        for _ in range(rounds):
            direct += await self._send(path, self.provider_url, 1)
            through += await self._send(path, self.functions_url, 1)
        return Detour(_mb(path), direct, through)

    async def _send(self, path: Path, url: str, times: int) -> list[float]:
        """Send a file to the provider or through the service, and return the seconds of each."""
        tokens = (await self.supabase.ask(do="tokens", count=times))["tokens"]
        direct = url == self.provider_url
        name, place = ("file", _PROVIDER_PATH) if direct else ("audio", "/api/transcriptions")
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:

            async def send(token: str) -> float:
                began = time.perf_counter()
                with await asyncio.to_thread(path.open, "rb") as file:
                    response = await client.post(
                        place,
                        files={name: ("a.wav", file, "audio/wav")},
                        headers={"Authorization": f"Bearer {token}"},
                    )
                response.raise_for_status()
                return time.perf_counter() - began

            return await asyncio.gather(*map(send, tokens))


async def _url(child: Child) -> str:
    return f"http://127.0.0.1:{(await child.told(START_SECONDS))['port']}"


async def _ready(url: str) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(base_url=url) as client:
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.05)


def _mb(path: Path) -> float:
    return path.stat().st_size / 1024**2


def _resident(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))


@contextmanager
def _peak(pid: int) -> Iterator[list[int]]:
    """Sample resident bytes until the block ends; the one item is the greatest."""
    peak = [0]

    async def sample() -> None:
        while True:
            peak[0] = max(peak[0], _resident(pid))
            await asyncio.sleep(_SAMPLE_SECONDS)

    task = asyncio.create_task(sample(), name="memory")
    try:
        yield peak
    finally:
        task.cancel()


def write_wav(path: Path, megabytes: float) -> Path:
    """Write a WAV of about so many 1024² bytes and `_SECONDS`: mono, 16 bit, at whatever rate."""
    size = int(megabytes * 1024**2) - 44
    rate = size // (2 * _SECONDS)
    second = b"".join(struct.pack("<h", (n * 37) % 4000 - 2000) for n in range(rate))
    with path.open("wb") as file:
        sound = len(second) * _SECONDS
        file.write(struct.pack("<4sI4s", b"RIFF", 36 + sound, b"WAVE"))
        file.write(struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16))
        file.write(struct.pack("<4sI", b"data", sound))
        for _ in range(_SECONDS):
            file.write(second)
    return path


async def measure(
    *, uploads: int, file_mb: float, detour_mb: float, rounds: int, think_seconds: float
) -> tuple[Memory, Detour]:
    """Measure both, with the same processes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = write_wav(folder / "large.wav", file_mb)
        medium = write_wav(folder / "medium.wav", detour_mb)
        async with Lab.open(folder, think_seconds=think_seconds) as lab:
            return await lab.memory(uploads, large), await lab.detour(medium, rounds)


def figures(memory: Memory, detour: Detour) -> dict[str, Any]:
    """Return all that was measured, beside its limits, as JSON holds it."""
    return {
        "memory": asdict(memory) | {"limit_mb": MEMORY_LIMIT_MB},
        "detour": asdict(detour) | {"ratio": detour.ratio, "limit_ratio": TIME_LIMIT},
    }


def main(
    *,
    uploads: Annotated[int, typer.Option(min=1, max=100, help="At once.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="To take medians of.")] = 5,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = RESULTS,
) -> None:
    """Send 50 MB files at once and watch the memory; time a 25 MB file beside the direct way."""
    notes = machine.notes(Cores.of_this_machine())
    memory, detour = asyncio.run(
        measure(
            uploads=uploads,
            file_mb=50.0,
            detour_mb=25.0,
            rounds=rounds,
            think_seconds=THINK_SECONDS,
        )
    )
    table = Table(title="Batch")
    for column in ("what", "measured", "limit"):
        table.add_column(column)
    table.add_row(
        f"memory grown under {memory.uploads} uploads of {memory.file_mb:.0f} MiB at once",
        f"{memory.grown_mb:.1f} MiB (from {memory.idle_mb:.0f}), {memory.seconds:.1f} s",
        f"{MEMORY_LIMIT_MB:.0f} MiB",
    )
    table.add_row(
        f"time of a {detour.file_mb:.0f} MiB file, provider thinks {THINK_SECONDS:g} s",
        f"{statistics.median(detour.through):.2f} s, direct "
        f"{statistics.median(detour.direct):.2f} s: {detour.ratio:.3f}",
        f"{TIME_LIMIT}",
    )
    Console().print(table)
    told = {"machine": notes} | figures(memory, detour)
    out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if memory.grown_mb > MEMORY_LIMIT_MB or detour.ratio > TIME_LIMIT:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
