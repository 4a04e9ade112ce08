"""How fast a client's audio is taken in: a token bucket, in bytes."""

from typing import Final

from shared_schema.audio import BYTES_PER_SECOND

RATE: Final = 2.0
"""Times real time."""
BACKLOG_RATE: Final = 4.0
"""Times real time, while a resumed session resends what was not heard."""
BURST_BYTES: Final = 2 * BYTES_PER_SECOND
LEAST_BYTES: Final = BYTES_PER_SECOND // 100
"""What a frame counts for at least, 10 ms: each is work, here and at the provider."""
_BACKLOG_SECONDS: Final = 2.0
"""A resumed session whose bucket is full after this long has caught up."""


class TokenBucket:
    """Tells how long to wait before the next read.

    Args:
        now: Monotonic seconds.
        backlog: Whether a backlog is being resent.
    """

    def __init__(self, now: float, *, backlog: bool) -> None:
        self._rate = (BACKLOG_RATE if backlog else RATE) * BYTES_PER_SECOND
        self._tokens = float(BURST_BYTES)
        self._filled_at = now
        self._backlog_until = now + _BACKLOG_SECONDS if backlog else None

    def wait(self, size: int, now: float) -> float:
        """Count a frame of `size` bytes and return the seconds to wait before the next."""
        tokens = self._tokens + (now - self._filled_at) * self._rate
        self._filled_at = now
        if tokens >= BURST_BYTES:
            tokens = BURST_BYTES
            if self._backlog_until is not None and now >= self._backlog_until:
                self._backlog_until = None
                self._rate = RATE * BYTES_PER_SECOND
        self._tokens = tokens - max(size, LEAST_BYTES)
        return -self._tokens / self._rate if self._tokens < 0 else 0.0
