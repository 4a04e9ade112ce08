"""The functions under uploads: their processes, and what each kind of load costs them."""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from bench.children import START_SECONDS, Child, running
from bench.cores import Cores

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
class Rate:
    """How many small files are transcribed in a second, by a provider that does not think.

    Attributes:
        file_kb: Of each file, in 1024 bytes.
        at_once: So many callers, each with one file at a time.
        requests: In all.
        seconds: Until the last was answered.
        cpu_ms: Processor time of the service and its workers for each.
    """

    file_kb: float
    at_once: int
    requests: int
    seconds: float
    cpu_ms: float

    @property
    def per_second(self) -> float:
        """Return requests a second."""
        return self.requests / self.seconds


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

    async def rate(self, path: Path, requests: int, at_once: int) -> Rate:
        """Send a file again and again, by so many callers."""
        await self._send(path, self.functions_url, at_once)
        turns = asyncio.Semaphore(at_once)
        before, began = _cpu_seconds(self.functions.pid), time.perf_counter()
        await self._send(path, self.functions_url, requests, turns)
        seconds = time.perf_counter() - began
        used = _cpu_seconds(self.functions.pid) - before
        return Rate(1024 * _mb(path), at_once, requests, seconds, 1000 * used / requests)

    async def _send(
        self, path: Path, url: str, times: int, turns: asyncio.Semaphore | None = None
    ) -> list[float]:
        """Send a file to the provider or through the service, and return the seconds of each.

        Args:
            path: The file.
            url: Of one or the other.
            times: How often.
            turns: Taken by each; None: all at once.
        """
        tokens = (await self.supabase.ask(do="tokens", count=times))["tokens"]
        direct = url == self.provider_url
        name, place = ("file", _PROVIDER_PATH) if direct else ("audio", "/api/transcriptions")
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:

            async def send(token: str) -> float:
                async with turns or nullcontext():
                    return await post(token)

            async def post(token: str) -> float:
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


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used so far."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


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
