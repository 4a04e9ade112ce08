"""What was begun here, and may end before the process does."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog
from prometheus_client import Gauge

from transcription.errors import Draining

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class InFlight:
    """Counts work in progress, owns what outlives its request, and lets all of it end.

    Args:
        draining: Set to 1 when nothing more is begun.
    """

    def __init__(self, *, draining: Gauge) -> None:
        self._gauge = draining
        self._tasks: set[asyncio.Task[Any]] = set()
        self._begun = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = False

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Count what the block does.

        Raises:
            Draining: the process is going away.
        """
        if self.draining:
            raise Draining(retry_after=1.0)
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def start(self, job: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Start a job that goes on when its request is gone. It reports its own errors."""
        task = asyncio.create_task(job, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Begin nothing more; return when all has ended, or when `seconds` have passed."""
        self.draining = True
        self._gauge.set(1)
        _log.info("draining", begun=self._begun, seconds=seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("drain_incomplete", begun=self._begun)

    async def aclose(self) -> None:
        """End jobs that are left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count(self, change: int) -> None:
        self._begun += change
        if self._begun:
            self._idle.clear()
        else:
            self._idle.set()
