"""Who was refused lately: such callers open no paid socket before their seconds are reserved."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from transcription.errors import BudgetExceeded, QuotaExceeded, SessionLimit, TranscriptionError
from transcription.identity.verifier import User
from transcription.process.addresses import network_of

LATELY_SECONDS: Final = 600.0
"""For so long after a refusal the ledger is asked before the provider is called."""
REMEMBERED_SECONDS: Final = 60.0
"""A refusal is repeated without asking the ledger for its `retry_after`, and at most for this long:
an operator may have raised a limit."""
MAX_KEPT: Final = 10_000
_LASTING: Final = (QuotaExceeded, BudgetExceeded)
"""Refusals that a caller cannot end by closing a session."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: TranscriptionError
    at: float


class Refusals:
    """What the ledger has refused lately, by user and, for anonymous users, by network.

    Args:
        max_opening: Sessions that one user may open at once.
    """

    def __init__(self, *, max_opening: int) -> None:
        self._max_opening = max_opening
        self._opening: Counter[str] = Counter()
        self._kept: dict[str, _Refusal] = {}

    @contextmanager
    def opening(self, user: User) -> Iterator[None]:
        """Count a session that is being opened.

        Raises:
            SessionLimit: the user opens too many at once.
        """
        if self._opening[user.id] >= self._max_opening:
            raise SessionLimit("You are opening too many sessions at once.", retry_after=1.0)
        self._opening[user.id] += 1
        try:
            yield
        finally:
            self._opening[user.id] -= 1
            if not self._opening[user.id]:
                del self._opening[user.id]

    def repeat(self, user: User, now: float) -> None:
        """Refuse again what was refused a moment ago.

        Raises:
            QuotaExceeded: it was.
            BudgetExceeded: it was.
        """
        refusal = self._kept.get(user.id)
        if refusal is None or not isinstance(refusal.error, _LASTING):
            return
        left = (refusal.error.retry_after or 0.0) - (now - refusal.at)
        if left > 0 and now - refusal.at < REMEMBERED_SECONDS:
            raise type(refusal.error)(refusal.error.message, retry_after=left)

    def lately(self, user: User, address: str | None, now: float) -> bool:
        """Whether a caller was refused lately."""
        kept = [self._kept[name] for name in _names(user, address) if name in self._kept]
        return any(now - one.at < LATELY_SECONDS for one in kept)

    def note(self, user: User, address: str | None, error: TranscriptionError, now: float) -> None:
        """Remember a refusal."""
        for name in _names(user, address):
            self._kept.pop(name, None)  # the latest is last
            self._kept[name] = _Refusal(error, now)
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def forget(self, user: User) -> None:
        """Forget a user's refusal: they were let in."""
        self._kept.pop(user.id, None)


def _names(user: User, address: str | None) -> list[str]:
    """Return what a refusal is kept under. Anonymous users of one network share their limits."""
    network = network_of(address) if user.is_anonymous else None
    return [user.id] if network is None else [user.id, network]
