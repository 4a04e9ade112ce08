"""Failed tries in a row: whether to try again, and when."""

from collections.abc import Callable

from utter_transcribe.errors import Failure
from utter_transcribe.link import Patience


class Backoff:
    """Counts tries and spaces them out.

    Args:
        patience: How many, and how far apart.
        jitter: Random number from 0 to 1, so that not all clients of a service that comes back
            call at once.
    """

    def __init__(self, patience: Patience, jitter: Callable[[], float]) -> None:
        self.count = 0
        """The try that comes next, or was refused, counted from 1."""
        self._patience = patience
        self._jitter = jitter

    def begin_anew(self) -> None:
        """Forget what failed: something has gone well, or something else begins."""
        self.count = 0

    def next(self, failure: Failure, *, had_fresh_token: bool, free: bool) -> float | None:
        """Return the seconds to wait before another try, None when there shall be none.

        Args:
            failure: Of the last try.
            had_fresh_token: Whether the last try's token was refreshed for it.
            free: The number of tries has no limit.
        """
        self.count += 1
        if self.count > self._patience.tries and not free:
            return None
        if failure.after_refresh and not failure.retryable:
            return None if had_fresh_token else 0.0
        if not failure.retryable or (failure.retry_after or 0.0) > self._patience.retry_after:
            return None
        longest = self._patience.backoff * float(2 ** min(self.count - 1, 16))
        backoff = min(longest, self._patience.backoff_max) * (1 + self._jitter()) / 2
        if failure.retry_after is None:
            return backoff
        asked = failure.retry_after * (1 + self._jitter() / 4)
        return asked if self.count == 1 else max(asked, backoff)  # "at once" is meant once
