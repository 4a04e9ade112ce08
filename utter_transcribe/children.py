"""Child processes that are started in order, watched, and ended without a trace."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from utter_transcribe.errors import ClientError, Failure

READY_SECONDS: Final = 60.0
"""Longest start; the first one on a machine unpacks and migrates a database."""
TERM_SECONDS: Final = 8.0
"""From SIGTERM to SIGKILL."""
_POLL_SECONDS: Final = 0.05
_SHOWN_LINES: Final = 12


class ChildError(ClientError):
    """A child could not be started, or ended on its own account."""

    def __init__(self, message: str) -> None:
        super().__init__(Failure(message, retryable=False))


@dataclass(frozen=True)
class Service:
    """A process to be run.

    Attributes:
        name: For people, as within a sentence.
        arguments: Command line.
        ports: TCP ports that it takes on 127.0.0.1.
        is_ready: Asked until it says yes; gets what the process has written so far.
        environment: Asked for its whole environment when it is started.
    """

    name: str
    arguments: Sequence[str]
    ports: Sequence[int]
    is_ready: Callable[[str], Awaitable[bool]]
    environment: Callable[[], Mapping[str, str]]

    @property
    def title(self) -> str:
        """Its name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


def busy_port(services: Sequence[Service]) -> str | None:
    """Return which port is taken already and by whom it is wanted, None if all are free."""
    for service in services:
        for port in service.ports:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return f"port {port} is busy, and {service.name} needs it"
    return None


class Child:
    """A running process, the leader of a group of its own, writing to a log of its own."""

    def __init__(self, service: Service, process: asyncio.subprocess.Process, log: Path) -> None:
        self.service = service
        self.log = log
        self._process = process
        self._begun = time.monotonic()

    async def wait_ready(self) -> float:
        """Wait until it is ready, and return the seconds since it was started.

        Raises:
            ChildError: It ended first, or took too long.
        """
        while time.monotonic() - self._begun < READY_SECONDS:
            if self._process.returncode is not None:
                raise self.ended()
            if await self.service.is_ready(self.log.read_text(errors="replace")):
                return time.monotonic() - self._begun
            await asyncio.sleep(_POLL_SECONDS)
        raise ChildError(self._explain(f"was not ready after {READY_SECONDS:.0f} s"))

    async def wait(self) -> None:
        """Wait until it ends."""
        await self._process.wait()

    def ended(self) -> ChildError:
        """Return what to say after it ended on its own account."""
        return ChildError(self._explain(f"ended with status {self._process.returncode}"))

    async def stop(self) -> None:
        """End it and its whole group: politely, then at once."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(TERM_SECONDS):
                await self._process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def _explain(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
        shown = "".join(f"\n  {line}" for line in lines)
        return f"{self.service.title} {what} (log: {self.log}){shown}"


@asynccontextmanager
async def running(service: Service, log: Path, *, cwd: Path) -> AsyncIterator[Child]:
    """Run a service for as long as the block runs.

    Args:
        service: What to run.
        log: File for all that it writes; begun anew.
        cwd: Folder to run it in.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *service.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(service.environment()),
            cwd=cwd,
            start_new_session=True,  # a Ctrl-C at the terminal is for us; we end it in order
        )
    child = Child(service, process, log)
    try:
        yield child
    finally:
        await child.stop()
