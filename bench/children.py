"""The processes of a run: started on their cores, asked over pipes, metered, ended by their id."""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil

from bench.cores import pinned

ROOT: Final = Path(__file__).parent.parent
NODE: Final = ROOT / "bench" / "node"
"""No settings and no modules of Python lie there."""
ANSWER_SECONDS: Final = 60.0
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
_KEPT_LINES: Final = 10
_LINE_BYTES: Final = 2**24
"""Of one answer: the delays of every delta in a window."""


class ChildError(Exception):
    """A process ended or was silent; its last words."""


class Child:
    """One process; made by `running`.

    Args:
        name: For error messages.
        process: With pipes.
    """

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._process = process
        self._answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._last_words: deque[str] = deque(maxlen=_KEPT_LINES)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """Return the CPU time, user and system, that all its threads have used so far.

        Source: clock_getcpuclockid(3), whose clocks count nanoseconds; `/proc/PID/stat`, which
        psutil reads, counts ticks of 10 ms, too coarse for one session.
        """
        if sys.platform == "linux":
            return time.clock_gettime(~self.pid << 3 | 2)
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def private_bytes(self) -> int:
        """Return the memory that is its alone (USS), in bytes."""
        return int(psutil.Process(self.pid).memory_full_info().uss)

    def resident_bytes(self) -> int:
        """Return its resident memory (RSS), in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)

    async def ask(self, *, patience: float = ANSWER_SECONDS, **command: Any) -> dict[str, Any]:
        """Send a command and return the answer, which may take `patience` seconds.

        Raises:
            ChildError: it failed, ended, or is silent.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError:
            raise self._lost("ended") from None
        return await self.told(patience)

    async def told(self, seconds: float) -> dict[str, Any]:
        """Return the next answer.

        Raises:
            ChildError: it failed, ended, or is silent.
        """
        try:
            async with asyncio.timeout(seconds):
                answer = await self._answers.get()
        except TimeoutError:
            raise self._lost(f"silent for {seconds:g} s") from None
        if answer is None:
            raise self._lost("ended")
        if "failed" in answer:
            raise ChildError(f"{self.name}: {answer['failed']}")
        return answer

    async def listen(self) -> None:
        """Read what it writes, until it ends; what is no answer counts as last words."""
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode(errors="replace").strip()
            self._last_words.append(line)
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            # Of the bridge's log lines only the one with its port is an answer.
            if isinstance(answer, dict) and ("port" in answer or "event" not in answer):
                self._answers.put_nowait(answer)
        self._answers.put_nowait(None)

    async def end(self) -> None:
        """Ask it to end, then make it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _lost(self, how: str) -> ChildError:
        words = " / ".join(line for line in self._last_words if line)
        return ChildError(f"{self.name} {how}" + (f": {words[-500:]}" if words else ""))


@asynccontextmanager
async def running(
    name: str, argv: Sequence[str], cores: frozenset[int], environment: Mapping[str, str]
) -> AsyncIterator[Child]:
    """Run a process for as long as the block runs; its first answer has to be read with `told`.

    It sees PATH, HOME and `environment` alone: settings of the shell or of an `.env` must not
    change what is measured.

    Raises:
        ChildError: it cannot be started.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        with pinned(cores):
            process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=NODE,
                env={**inherited, "PYTHONPATH": str(ROOT), **environment},
                stdin=PIPE,
                stdout=PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=_LINE_BYTES,
                start_new_session=True,
            )
    except OSError as error:
        raise ChildError(f"{name} cannot be started: {error.strerror}") from None
    child = Child(name, process)
    listening = asyncio.create_task(child.listen(), name=f"listen-{name}")
    try:
        yield child
    finally:
        await child.end()
        await listening
