"""Who may use a worker next: one user's files do not keep the others waiting."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from transcription.errors import Capacity, RateLimited

DEBT_PER_SECOND: Final = 20.0
"""Seconds owed for each second that a worker spent on a file which was refused."""
FREE_DEBT: Final = 10.0
"""Seconds that may be owed without waiting: people choose a wrong file now and then."""
MAX_DEBT: Final = 300.0
_MAX_DEBTORS: Final = 10_000


class Turns:
    """Hands out turns. A group is a user, or a network; a file belongs to one of each.

    Args:
        at_once: How many turns are taken at once; of one group, half as many.
        wait_seconds: How long a turn is waited for.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        at_once: int,
        *,
        wait_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._of_group = max(1, at_once // 2)
        self._all = asyncio.Semaphore(at_once)
        self._groups: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._paid_at: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, *groups: str) -> AsyncIterator[None]:
        """Hold a turn for as long as the block runs.

        Raises:
            Capacity: Too many files are waiting.
            RateLimited: Too many files of a group were refused lately.
        """
        owed = max((self._owed(group) for group in groups), default=0.0) - FREE_DEBT
        if owed > self._wait_seconds:
            message = "Too many files that cannot be used came from you. Wait before the next."
            raise RateLimited(message, retry_after=owed)
        held = [
            self._groups.setdefault(group, asyncio.Semaphore(self._of_group)) for group in groups
        ]
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    if owed > 0:
                        await asyncio.sleep(owed)
                    for semaphore in (*held, self._all):
                        await stack.enter_async_context(semaphore)
            except TimeoutError:
                raise Capacity(retry_after=self._wait_seconds) from None
            yield

    def refused(self, seconds: float, *groups: str) -> None:
        """Remember that a worker spent so many seconds on a file that was refused."""
        now = self._clock()
        if len(self._paid_at) > _MAX_DEBTORS:
            self._paid_at = dict(self._debtors(now))
        for group in groups:
            paid_at = max(now, self._paid_at.get(group, now)) + DEBT_PER_SECOND * seconds
            self._paid_at[group] = min(paid_at, now + MAX_DEBT)

    def _owed(self, group: str) -> float:
        return self._paid_at.get(group, 0.0) - self._clock()

    def _debtors(self, now: float) -> Iterator[tuple[str, float]]:
        """Yield those who still owe, or the half that owes most where all do."""
        owing = sorted(self._paid_at.items(), key=lambda one: -one[1])[: _MAX_DEBTORS // 2]
        return ((group, paid_at) for group, paid_at in owing if paid_at > now)
