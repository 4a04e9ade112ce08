"""Settlements that the ledger has not taken yet: kept in memory and tried again.

They do not outlive the process. What a restart forgets is charged by the ledger itself, when the
lease of the session ends.
"""

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from transcription.errors import LedgerUnavailable
from transcription.ledger.base import Outcome

MAX_PENDING: Final = 10_000
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Close:
    """What a session is settled with."""

    session_id: str
    audio_seconds: float
    status: Outcome
    reason: str | None = None
    opens_until: float | None = None
    """Monotonic seconds until when an `open` without an answer may still arrive; None: it has."""


@dataclass(order=True, slots=True)
class _Entry:
    due: float
    place: int
    close: Close = field(compare=False)


class Settlements:
    """A bounded queue and the one worker that empties it.

    Args:
        settle: Makes the call; answers whether the ledger knows the session.
        max_pending: Beyond it the oldest is given up, for its lease to end.
        first_pause_seconds: After a failure; doubles, jittered, to `LONGEST_PAUSE_SECONDS`.
    """

    def __init__(
        self,
        settle: Callable[[Close], Awaitable[bool]],
        *,
        max_pending: int = MAX_PENDING,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._settle = settle
        self._max_pending = max_pending
        self._first_pause = first_pause_seconds
        self._heap: list[_Entry] = []
        self._in_hand = 0
        self._places = 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        """How many the ledger has not taken yet."""
        return len(self._heap) + self._in_hand

    def add(self, close: Close, *, due: float = 0.0) -> None:
        """Keep a settlement until the ledger has taken it.

        Args:
            close: What to settle.
            due: Monotonic seconds before which it is not tried.
        """
        if len(self._heap) >= self._max_pending:
            given_up = heapq.heappop(self._heap).close
            _log.error("settlement_given_up", session_id=given_up.session_id, reason="full")
        self._places += 1
        heapq.heappush(self._heap, _Entry(due, self._places, close))
        self._news.set()

    async def run(self) -> None:
        """Work until cancelled."""
        pause = self._first_pause
        while True:
            await self._next_is_due()
            try:
                await self._try_first()
            except LedgerUnavailable:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                pause = self._first_pause

    async def drain(self, seconds: float) -> None:
        """Try each that is left once, for at most `seconds`; stop where the ledger is away."""
        try:
            async with asyncio.timeout(seconds):
                for _ in range(len(self._heap)):
                    await self._try_first()
        except (LedgerUnavailable, TimeoutError):
            pass
        if self._heap:
            _log.warning("settlements_left_to_their_leases", count=len(self._heap))

    async def _next_is_due(self) -> None:
        while True:
            self._news.clear()
            wait = self._heap[0].due - time.monotonic() if self._heap else None
            if wait is not None and wait <= 0:
                return
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _try_first(self) -> None:
        close = heapq.heappop(self._heap).close
        self._in_hand += 1
        try:
            known = await self._settle(close)
            if not known and close.opens_until is not None and time.monotonic() < close.opens_until:
                self.add(close, due=close.opens_until)
        except BaseException:
            # Behind the others: one that always fails must not hold them up.
            self.add(close)
            raise
        finally:
            self._in_hand -= 1
