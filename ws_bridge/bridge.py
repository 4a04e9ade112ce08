"""What the sessions of one process share: places, the flag that it is going, the clock."""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

import structlog

from transcription.errors import Capacity, Draining
from transcription.ledger.heartbeat import Loss
from transcription.process.connection_limiter import ConnectionLimiter
from transcription.process.metrics import Metrics
from ws_bridge.session import Session

_log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 0.5


class Held(Protocol):
    """A relay, as the bridge and the door hold it."""

    @property
    def session(self) -> Session:
        """What it relays."""

    def let_in(self) -> None:
        """It has a place from now on."""

    def credit(self, seconds: float) -> None:
        """Let so many seconds of audio be handed over in all."""

    def lost(self, loss: Loss) -> None:
        """End, because the ledger has given the place away or an operator has ended the session."""

    def tick(self, now: float) -> None:
        """Look at the clock."""

    def drain(self, seconds: float, now: float) -> None:
        """Tell the client that the server goes away in `seconds`."""

    def end(self, now: float) -> None:
        """Tell the client that the server goes away now, with the text that there is."""

    def evict(self) -> bool:
        """Tell the client that the server is full."""

    async def replace(self, now: float) -> None:
        """End and settle, because another session takes the place."""


class Bridge:
    """One process's sessions.

    Args:
        sessions: Limits sessions; none of them gives way.
        pending: Limits sockets that wait to be let in.
        metrics: Where they are counted.
    """

    def __init__(
        self, *, sessions: ConnectionLimiter, pending: ConnectionLimiter, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        metrics.sessions_limit.set(sessions.limit)
        self._relays: set[Held] = set()
        self._pending = pending
        self._placed = sessions
        self._named: dict[tuple[str, str], Held] = {}
        self._names: dict[Held, tuple[str, str]] = {}
        self._drain_until: float | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._relays)

    @property
    def open_sessions(self) -> int:
        """Sessions that were let in."""
        return len(self._placed)

    @property
    def draining(self) -> bool:
        """Whether the process lets its work end."""
        return self._drain_until is not None

    def arrive(self, relay: Held, address: str | None, now: float) -> None:
        """A socket has come from an IP address; one that has waited for long may give way to it.

        Raises:
            Capacity: too many wait already.
            Draining: the process is going away.
        """
        self._relays.add(relay)
        self._count()
        if self.draining:
            raise Draining(retry_after=0.0)
        if not self._pending.arrive(relay, address, now):
            raise Capacity(retry_after=1.0)
        self._count()

    def enter(self, relay: Held, address: str | None, now: float) -> None:
        """Give a socket a place.

        Raises:
            Capacity: there is none, or too many of them are its address's.
        """
        if not self._placed.arrive(relay, address, now):
            raise Capacity(retry_after=2.0)
        self._pending.leave(relay)
        self._count()

    def name(self, relay: Held, user_id: str, session_id: str) -> None:
        """Remember whose session a relay holds."""
        name = self._names[relay] = (user_id, session_id)
        self._named[name] = relay

    async def succeed(
        self, heir: Held, user_id: str, session_id: str, address: str | None, now: float
    ) -> None:
        """Give a socket the place of the user's session that it resumes.

        If this process holds that session, it ends and is settled, and its place passes on even
        while its half-dead socket is still being closed; else any place that is free will do.

        Raises:
            Capacity: there is none.
        """
        relay = self._named.get((user_id, session_id))
        if relay is not None:
            await relay.replace(now)
            self._placed.leave(relay)
        self.enter(heir, address, now)

    def release(self, relay: Held) -> None:
        """Take a socket's place back: it is only being closed now."""
        self._pending.leave(relay)
        self._placed.leave(relay)
        self._count()

    def leave(self, relay: Held) -> None:
        """A socket is done, with all that belonged to it."""
        self._relays.discard(relay)
        self._pending.leave(relay)
        self._placed.leave(relay)
        name = self._names.pop(relay, None)
        if name is not None:
            self._named.pop(name, None)
        self._count()

    def drain(self, seconds: float, now: float) -> None:
        """Take nothing more and tell every session that it has `seconds` left."""
        self._drain_until = now + seconds
        self._metrics.draining.set(1)
        for relay in self._snapshot():
            relay.drain(seconds, now)

    def end(self, now: float) -> None:
        """Take nothing more and end every session at once."""
        self._drain_until = now
        self._metrics.draining.set(1)
        for relay in self._snapshot():
            relay.end(now)

    async def wait_empty(self) -> None:
        """Wait until the last socket is done."""
        await self._empty.wait()

    async def keep_time(self) -> None:
        """Let every session look at the clock, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = loop.time()
            for relay in self._snapshot():
                try:
                    relay.tick(now)
                except Exception:
                    # One session's bug must not stop the clock of all the others.
                    _log.exception("tick_failed")

    def _snapshot(self) -> Iterable[Held]:
        return tuple(self._relays)

    def _count(self) -> None:
        self._metrics.sessions_open.set(self.open_sessions)
        self._metrics.sockets_pending.set(len(self._pending))
        if self._relays:
            self._empty.clear()
        else:
            self._empty.set()
