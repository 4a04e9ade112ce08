"""A client's socket, with the limits that a stranger meets before anything is believed.

The library limits each message. Here is limited what comes before and between messages: how many
sockets wait for an answer, how long a request's head is, and how many frames come, for even an
empty one costs the time of everyone.
"""

from asyncio import BaseTransport, Transport
from collections.abc import Callable
from typing import Any, Final, cast

from prometheus_client import Counter
from websockets.asyncio.server import ServerConnection

from shared_schema.limits import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from transcription.direct_socket import DirectSocket
from transcription.process.connection_limiter import ConnectionLimiter
from ws_bridge.admission import Caller

MAX_HEAD_BYTES: Final = 32_768
"""Of the request for the upgrade."""
FRAMES_PER_SECOND: Final = 500
"""Frames of any kind, in the long run: audio resent at 4 times real time in 10 ms pieces is 400."""
BURST_FRAMES: Final = 2000
_DEAF_CLOSE_SECONDS: Final = 0.1
"""For the last messages to go out: an answer to the close frame would not be read."""


class Socket(DirectSocket, ServerConnection):
    """A client's socket, and what its handshake told.

    Args:
        args: The library's own.
        limiter: All sockets of the process that were not let in yet, from TCP's handshake on.
        is_direct: Whether the other end of the socket is the client, and no proxy of ours.
        turned_away: Counts those for whom there was no room.
        kwargs: The library's own.
    """

    caller = Caller(user=None, address=None)

    def __init__(
        self,
        *args: Any,
        limiter: ConnectionLimiter,
        is_direct: bool,
        turned_away: Counter,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.on_excess: Callable[[str], None] | None = None
        """Called once with words for what was too much; nothing more is read then."""
        self._limiter = limiter
        self._is_direct = is_direct
        self._turned_away = turned_away
        self._has_room = False
        self._is_stranger = True
        self._address: str | None = None
        self._is_deaf = False
        self._head_bytes = 0
        self._frames_left = BURST_FRAMES
        self._counted_since = self.loop.time()

    def let_in(self) -> None:
        """The client has a place: it no longer takes a stranger's room."""
        self._is_stranger = False
        self._limiter.leave(self)

    def put_out(self) -> None:
        """The client lost its place before it was served: it takes a stranger's room again."""
        if not self._is_stranger and not self._limiter.arrive(
            self, self._address, self.loop.time()
        ):
            self._abort()

    def evict(self) -> bool:
        """Close for a new connection."""
        self._turned_away.inc()
        self._abort()
        return True

    # As the event loop calls it.

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection on, or end it where there is no room."""
        peer = transport.get_extra_info("peername") if self._is_direct else None
        self._address = peer[0] if isinstance(peer, tuple) else None
        self._has_room = self._limiter.arrive(self, self._address, self.loop.time())
        if self._has_room:
            super().connection_made(transport)
        else:
            self._turned_away.inc()
            cast("Transport", transport).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._limiter.leave(self)
        if self._has_room:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, unless too much did."""
        if self._is_deaf:
            # Releasing the socket resumes reading.
            self.transport.pause_reading()
            return
        if self.request is None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._abort()
                return
        super().data_received(data)

    def may_read(self) -> bool:
        """Count a frame, and tell whether it may come."""
        self._frames_left -= 1
        if self._frames_left < 0:
            self._count_again()
        return not self._is_deaf

    def refuses_size(self) -> bool:
        """Refuse a message that is too large to read, in the words of the contract."""
        if self.on_excess is None:
            return False
        self._read_no_more(
            f"A frame may have at most {MAX_FRAME_BYTES} bytes, a text {MAX_MESSAGE_BYTES}."
        )
        return True

    def _count_again(self) -> None:
        now = self.loop.time()
        self._frames_left = min(BURST_FRAMES, int((now - self._counted_since) * FRAMES_PER_SECOND))
        self._counted_since = now
        if self._frames_left < 1:
            self._read_no_more("Too many frames came at once.")

    def _read_no_more(self, why: str) -> None:
        if self._is_deaf:
            return
        self._is_deaf = True
        self.close_timeout = _DEAF_CLOSE_SECONDS
        self.transport.pause_reading()
        if self.on_excess is None:
            self._abort()
        else:
            self.on_excess(why)

    def _abort(self) -> None:
        self.transport.abort()
