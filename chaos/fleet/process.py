"""One process of the fleet: started, told to go, killed, frozen, and started again."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import psutil
from prometheus_client.parser import text_string_to_metric_families

from chaos.fleet.errors import FleetError
from chaos.fleet.ports import HOST
from utter_transcribe.local import answers
from utter_transcribe.network import http_client

READY_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
_SHOWN_LINES: Final = 12


@dataclass(slots=True)
class Life:
    """One run of a process, from its start to its end.

    Attributes:
        process: With its id.
        log: What it wrote.
        began: Unix time, seconds.
        ended: The same; None while it runs.
        killed: Whether it had no chance to say good-bye.
    """

    process: asyncio.subprocess.Process
    log: Path
    began: float
    ended: float | None = None
    killed: bool = False

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the structured lines of its log."""
        for line in self.log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    yield event


class Process:
    """A process that may have several lives, one after the other.

    Args:
        name: For logs and messages.
        module: Run with `python -m`.
        arguments: Of its command line.
        environment: All that it sees, besides PATH.
        folder: Where it runs, and its logs are.
        port: Where it serves HTTP with `/readyz`.
        metrics_port: Where it serves its metrics.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str],
        folder: Path,
        port: int,
        metrics_port: int = 0,
    ) -> None:
        self.name = name
        self.port = port
        self.lives: list[Life] = []
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = {"PATH": os.environ["PATH"], **environment}
        self._folder = folder
        self._metrics = f"http://{HOST}:{metrics_port}/metrics"

    @property
    def url(self) -> str:
        """Where it is reached, past every proxy."""
        return f"http://{HOST}:{self.port}"

    @property
    def life(self) -> Life:
        """The present life, or the last."""
        return self.lives[-1]

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return bool(self.lives) and self.life.process.returncode is None

    async def start(self) -> None:
        """Begin a life. It may not be ready yet."""
        log = self._folder / f"{self.name}-{len(self.lives) + 1}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,  # a Ctrl-C is the fleet's to hear
            )
        self.lives.append(Life(process, log, time.time()))

    async def command(self, *arguments: str) -> None:
        """Run its module as a command, with its settings, to the end.

        Raises:
            FleetError: It failed.
        """
        command = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            cwd=self._folder,
        )
        said, _ = await command.communicate()
        if command.returncode:
            raise FleetError(f"{self.name} {' '.join(arguments)}: {said.decode().strip()}")

    async def ready(self, is_ready: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Wait until it takes work.

        Args:
            is_ready: Asked until it says yes; by default `/readyz` is.

        Raises:
            FleetError: It ended, or takes too long.
        """
        is_ready = is_ready or partial(answers(f"{self.url}/readyz"), "")
        deadline = time.monotonic() + READY_SECONDS
        while not await is_ready():
            if not self.running:
                raise FleetError(self._explain(f"ended ({self.life.process.returncode})"))
            if time.monotonic() > deadline:
                raise FleetError(self._explain(f"is not ready after {READY_SECONDS:g} s"))
            await asyncio.sleep(POLL_SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that is gone does not hear it."""
        with suppress(ProcessLookupError):
            self.life.process.send_signal(number)

    async def ended(self) -> None:
        """Wait for the end of its life."""
        life = self.life
        await life.process.wait()
        life.ended = life.ended or time.time()

    async def drain(self) -> None:
        """Tell it to go, and wait until it has."""
        self.signal(signal.SIGTERM)
        await self.ended()

    async def kill(self) -> None:
        """End it at once, as the kernel does when memory runs out."""
        self.life.killed = self.running
        self.signal(signal.SIGKILL)
        await self.ended()

    async def end(self) -> None:
        """Leave nothing of it, its children included."""
        if not self.lives:
            return
        self.signal(signal.SIGCONT)
        await self.kill()
        for life in self.lives:
            with suppress(ProcessLookupError):
                os.killpg(life.process.pid, signal.SIGKILL)

    def memory(self) -> int:
        """Return the memory that is its alone (USS), in bytes, without its children."""
        return int(psutil.Process(self.life.process.pid).memory_full_info().uss)

    def sockets(self) -> list[tuple[int, int]]:
        """Return its TCP connections: the port at its own end, and at the peer's."""
        found = psutil.Process(self.life.process.pid).net_connections("tcp4")
        return [(one.laddr.port, one.raddr.port) for one in found if one.raddr]

    def files(self) -> int:
        """Return how many open files it has that are no sockets."""
        names = []
        for entry in Path(f"/proc/{self.life.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.append(str(entry.readlink()))
        return sum(not name.startswith("socket:") for name in names)

    def left(self) -> list[int]:
        """Return processes that lives of it which have ended left behind."""
        gone = {life.process.pid for life in self.lives if life.process.returncode is not None}
        found = []
        for pid in psutil.pids():
            with suppress(ProcessLookupError):
                if os.getsid(pid) in gone:
                    found.append(pid)
        return found

    async def metrics(self) -> dict[str, float]:
        """Return its metrics, those of one name added up over their labels.

        Raises:
            httpx.HTTPError: It does not answer.
        """
        async with http_client(self._metrics) as http:
            answer = (await http.get(self._metrics)).raise_for_status()
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
        return found

    def _explain(self, what: str) -> str:
        lines = self.life.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
        return "\n  ".join((f"{self.name} {what}:", *lines))
