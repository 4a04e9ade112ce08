"""A circuit breaker: whether a provider is worth a try. No I/O, no event loop.

CLOSED --fails--> OPEN --its pause is over--> HALF OPEN --words--> CLOSED
^                              |
+------fails, pause doubled----+
"""

import time
from collections.abc import Callable
from typing import Final, Literal

from transcription.errors import ProviderError, ProviderRejected

FIRST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 300.0
DOUBTS: Final = 3
"""Failures in a row of work that had begun, after which a provider is passed over. Each of them may
be that one recording's fault, and one recording must not close a provider for all the others."""

State = Literal["closed", "open", "half_open"]


class Breaker:
    """What one process has seen of one provider.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: float | None = None
        self._pauses = 0
        self._doubts = 0
        self._silent = False
        self._failures = 0
        self._probe: Attempt | None = None

    @property
    def state(self) -> State:
        """Closed: work goes there. Open: it does not. Half open: one attempt may find out."""
        if self._until is None and not self._silent:
            return "closed"
        if self._silent or self._clock() < self.due_at:
            return "open"
        return "half_open"

    @property
    def due_at(self) -> float:
        """When the next attempt is due, on the clock."""
        return self._until if self._until is not None else self._clock()

    @property
    def admits(self) -> bool:
        """Whether an attempt may begin now."""
        return self.state == "closed" or (self.state == "half_open" and self._probe is None)

    def attempt(self) -> "Attempt":
        """Begin an attempt; its caller says what came of it, and then that it is over."""
        attempt = Attempt(self, self._failures)
        if self.state == "half_open" and self._probe is None:
            self._probe = attempt
        return attempt

    def answered(self, *, well: bool) -> None:
        """Take in what the provider's health endpoint said."""
        if well and self._silent and self._until is not None:
            self._until = min(self._until, self._clock())
        self._silent = not well

    def _worked(self, failures: int) -> None:
        if failures != self._failures:
            return  # it began before the last failure
        self._until = None
        self._pauses = self._doubts = 0

    def _failed(self, failures: int, error: ProviderError, *, begun: bool) -> None:
        if failures != self._failures:
            return  # one outage counts once, however many attempts meet it
        if begun and self._until is None:
            self._doubts += 1
            if self._doubts < DOUBTS:
                return
        pause = FIRST_PAUSE_SECONDS * 2.0 ** min(self._pauses, 16)
        pause = min(max(pause, error.retry_after or 0.0), LONGEST_PAUSE_SECONDS)
        self._until = self._clock() + pause
        self._pauses += 1
        self._failures += 1
        self._doubts = 0

    def _over(self, attempt: "Attempt") -> None:
        if self._probe is attempt:
            self._probe = None


class Attempt:
    """One session's or file's use of a provider; made by `Breaker.attempt`."""

    def __init__(self, breaker: Breaker, failures: int) -> None:
        self._breaker = breaker
        self._failures = failures

    @property
    def is_probe(self) -> bool:
        """Whether others wait for what comes of it."""
        return self._breaker._probe is self

    def worked(self) -> None:
        """There were words."""
        self._breaker._worked(self._failures)
        self.over()

    def failed(self, error: ProviderError, *, begun: bool = False) -> None:
        """It failed. A request that was refused as such says nothing about the provider.

        Args:
            error: How.
            begun: Whether it had been let in, and failed later.
        """
        if not isinstance(error, ProviderRejected):
            self._breaker._failed(self._failures, error, begun=begun)
        self.over()

    def over(self) -> None:
        """It has ended. Where nothing was said before, nothing was found out."""
        self._breaker._over(self)
