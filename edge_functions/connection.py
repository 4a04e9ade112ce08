"""HTTP/1.1 connections, with limits on what no function ever sees.

uvicorn waits for a request's head for ever, and for a client that does not read its answer. Here
both have a limit, connections are counted, in all and by address, and a body may not be cut into
pieces so small that reading them costs everyone's time.
"""

from asyncio import BaseTransport, Transport
from dataclasses import dataclass
from typing import Any, Final, cast

import h11
from prometheus_client import Counter
from uvicorn.protocols.http.h11_impl import H11Protocol

from transcription.process.connection_limiter import ConnectionLimiter

MAX_HEAD_BYTES: Final = 32_768
"""Of a request."""
_FREE_CHUNKS: Final = 64
_MEAN_CHUNK_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How slow a client may be, in seconds."""

    head: float
    """From the first byte of a request, or the connection's begin, to the end of its head."""
    unread: float
    """For reading 48 KiB of an answer, and for what is left when the connection is closed."""


class Connection(H11Protocol):
    """One connection.

    Args:
        args: uvicorn's own.
        limiter: All connections of the process.
        is_direct: Whether the other end is the client, and no proxy of ours.
        timeouts: How slow the client may be.
        turned_away: Counts those that were ended for want of room or of timeouts.
        kwargs: uvicorn's own.
    """

    def __init__(
        self,
        *args: Any,
        limiter: ConnectionLimiter,
        is_direct: bool,
        timeouts: Timeouts,
        turned_away: Counter,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.conn = _Frugal(h11.SERVER, MAX_HEAD_BYTES)
        self._limiter = limiter
        self._is_direct = is_direct
        self._timeouts = timeouts
        self._turned_away = turned_away
        self._has_room = False
        self._head_since: float | None = None
        self._unread_since: float | None = None
        self._closing_since: float | None = None

    def evict(self) -> bool:
        """Close for a new connection, unless a request is in progress."""
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        self._turn_away()
        return True

    def look(self, now: float) -> None:
        """Look at the clock; to be called about twice a second."""
        if self._closing_since is None and self.transport.is_closing():
            self._closing_since = now
        for since, seconds in (
            (self._head_since, self._timeouts.head),
            (self._unread_since, self._timeouts.unread),
            (self._closing_since, self._timeouts.unread),
        ):
            if since is not None and now - since >= seconds:
                self._turn_away()
                return

    # As the event loop and uvicorn call it.

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection on, or end it where there is no room."""
        self.transport = cast("Transport", transport)
        peer = transport.get_extra_info("peername") if self._is_direct else None
        address = peer[0] if isinstance(peer, tuple) else None
        self._head_since = self.loop.time()
        self._has_room = self._limiter.arrive(self, address, self._head_since)
        if self._has_room:
            super().connection_made(self.transport)
        else:
            self._turn_away()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._limiter.leave(self)
        if self._has_room:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self._head_since is None and self.conn.their_state is h11.IDLE:
            self._head_since = self.loop.time()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_since = None

    def pause_writing(self) -> None:
        """The client does not read for now."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or hang up where an answer has begun already."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _turn_away(self) -> None:
        self._turned_away.inc()
        self.transport.abort()


class _Frugal(h11.Connection):
    """Refuses a body of tiny chunks: each costs as much as a large one."""

    def __init__(self, role: type[h11.SERVER], max_head_bytes: int) -> None:
        super().__init__(role, max_head_bytes)
        self._chunks = 0
        self._chunked_bytes = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            self._chunked_bytes += len(event.data)
            if self._chunks > _FREE_CHUNKS + self._chunked_bytes // _MEAN_CHUNK_BYTES:
                raise h11.RemoteProtocolError("chunks are too small")
        return event
