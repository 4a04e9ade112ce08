"""Waiting for conditions, and time that a busy machine does not use up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Self

_TICK_SECONDS: Final = 0.02


class FairClock:
    """Counts the seconds in which this event loop could run.

    On an idle machine that is the time of the wall. A pause that the machine makes for other
    processes counts as one tick, so a bound in fair seconds means the same on any machine.

    Attributes:
        seconds: Since the block was entered.
    """

    def __init__(self, on_tick: Callable[[float], None] | None = None) -> None:
        self.seconds = 0.0
        self._on_tick = on_tick
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Self:
        """Begin to count. There is no task: tests look whether tasks are left."""
        self._next = self._loop.call_later(_TICK_SECONDS, self._tick)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._next.cancel()

    def _tick(self) -> None:
        self.seconds += _TICK_SECONDS
        self._next = self._loop.call_later(_TICK_SECONDS, self._tick)
        if self._on_tick is not None:
            self._on_tick(self.seconds)


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Cancel the block after so many fair seconds.

    Raises:
        TimeoutError: it took longer.
    """
    async with asyncio.timeout(None) as timeout:

        def check(passed: float) -> None:
            if passed >= seconds and not timeout.expired():
                timeout.reschedule(asyncio.get_running_loop().time())

        with FairClock(check):
            yield


async def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until a condition holds that nothing announces; at most so many fair seconds.

    Raises:
        TimeoutError: it did not come to hold in time.
    """
    async with within(seconds):
        while True:
            holds = condition()
            if (await holds) if isinstance(holds, Awaitable) else holds:
                return
            await asyncio.sleep(0.005)
