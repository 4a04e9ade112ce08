"""One heartbeat for all live sessions of a process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import structlog

from transcription.errors import LedgerUnavailable
from transcription.ledger.base import Grant, Ledger

Loss = Literal["replaced", "revoked"]

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Watch:
    granted: float
    audio_seconds: Callable[[], float]
    on_lost: Callable[[Loss], None]
    on_grant: Callable[[float], None]
    on_credit: Callable[[float], None]


class Heartbeat:
    """Tells the ledger what every watched session has used, in one call.

    Args:
        ledger: Whose leases are prolonged.
        interval_seconds: Between two beats.
    """

    def __init__(self, ledger: Ledger, *, interval_seconds: float = 10.0) -> None:
        self._ledger = ledger
        self._interval = interval_seconds
        self._watches: dict[str, _Watch] = {}
        self._away = False
        self._hurried = asyncio.Event()

    @contextmanager
    def watching(
        self,
        grant: Grant,
        *,
        audio_seconds: Callable[[], float],
        on_lost: Callable[[Loss], None],
        on_grant: Callable[[float], None],
        on_credit: Callable[[float], None],
    ) -> Iterator[None]:
        """Keep a session's lease alive until the block ends.

        Args:
            grant: As `Ledger.open` returned it.
            audio_seconds: Tells what the session has used so far.
            on_lost: Called once when another session has taken its place, or an operator ended it.
            on_grant: Called with the new grant in seconds when the ledger has changed it.
            on_credit: Called with the seconds that may be handed over from now on.
        """
        watch = _Watch(grant.granted_seconds, audio_seconds, on_lost, on_grant, on_credit)
        self._watches[grant.id] = watch
        try:
            yield
        finally:
            self._watches.pop(grant.id, None)

    async def run(self) -> None:
        """Beat until cancelled. While the ledger is away, sessions go on."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._hurried.wait()
            self._hurried.clear()
            await self.beat()

    def hurry(self, interval_seconds: float = 10.0) -> None:
        """Beat now, and from now on this often: what the ledger knows bounds the next grant."""
        self._interval = interval_seconds
        self._hurried.set()

    async def beat(self) -> None:
        """Beat once."""
        watches = dict(self._watches)
        if not watches:
            return
        try:
            leases = await self._ledger.touch(
                {session_id: watch.audio_seconds() for session_id, watch in watches.items()}
            )
        except LedgerUnavailable:
            if not self._away:
                _log.warning("heartbeat_missed", sessions=len(watches))
            self._away = True
            return
        self._away = False
        for session_id, lease in leases.items():
            # A session that ended during the call needs no answer.
            watch = self._watches.get(session_id)
            if watch is None or watch is not watches.get(session_id):
                continue
            if lease.state in {"replaced", "revoked", "unknown"}:
                del self._watches[session_id]
                watch.on_lost("replaced" if lease.state == "replaced" else "revoked")
                continue
            if lease.granted_seconds is not None and lease.granted_seconds != watch.granted:
                watch.granted = lease.granted_seconds
                watch.on_grant(lease.granted_seconds)
            # Expired: what the ledger charges is what was allowed before, and no more is.
            if lease.credit_seconds is not None and lease.state == "open":
                watch.on_credit(lease.credit_seconds)
