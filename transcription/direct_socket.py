"""WebSocket connections that call back with each message and send without a task.

The `websockets` library hands a message over through a queue, a future and two coroutines, and
sends one inside an asynchronous context. A relay of audio has twenty a second for each session. So
here a whole, unfragmented message is unpacked and handed over in the read that completes it, and
one that fits into the socket's buffer is written at once. Everything else, from the handshake to
the close, stays the library's: it is given whole frames, and whatever it should refuse.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from os import urandom
from typing import Final

from websockets.asyncio.connection import Connection
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import CLIENT, CLOSED, OPEN

try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - a platform without the library's wheel
    from websockets.utils import apply_mask

OnMessage = Callable[[bytes, bool], None]
"""Called with a message and whether it is text: meant as UTF-8, and not checked yet."""
OnLost = Callable[[], None]

# First bytes of frames (RFC 6455, section 5.2).
_WHOLE_TEXT: Final = 0x81
_WHOLE: Final = (0x82, _WHOLE_TEXT)
"""Of binary and of text."""
_MASKED: Final = 0x80
_SIZE_16: Final = 126
_SIZE_64: Final = 127
_HEAD_END: Final = b"\r\n\r\n"


class DirectSocket(Connection):
    """Mixed into a connection of the library's, before it. `recv` never returns anything.

    It begins held.
    """

    def may_read(self) -> bool:
        """Asked before each frame is read; after False nothing more of what came is."""
        return True

    def refuses_size(self) -> bool:
        """Asked when a message grows above the limit; False leaves its refusal to the library.

        Where the answer is True, `may_read` says no from now on.
        """
        return False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the handshake."""
        self._is_client = self.protocol.side is CLIENT
        self._limit = self.protocol.max_size or 2**63
        self._on_message: OnMessage
        self._on_lost: OnLost | None = None
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._fragments: list[Frame] = []
        self._gathered = 0
        """Bytes of the fragments."""
        self._held = True
        self._reading = True
        self._upgraded = False
        self._unreadable = False
        self._tail = b""
        self._part = bytearray()
        self._needed = 0
        super().connection_made(transport)

    def listen(self, on_message: OnMessage, on_lost: OnLost) -> None:
        """Call back from now on, and with what waits at once.

        Args:
            on_message: Must not raise. After `hold` it is not called.
            on_lost: Called once, when the connection is gone.
        """
        self._on_message = on_message
        self._on_lost = on_lost
        self.release()
        if self.protocol.state is CLOSED:
            self._lose()

    def ignore(self) -> None:
        """Stop calling back, and read on: a close may follow."""
        self.listen(lambda _, __: None, lambda: None)

    def hold(self) -> None:
        """Keep what comes until `release`, and read no further once something has come."""
        self._held = True

    def release(self) -> None:
        """Hand over what waits, and read on."""
        self._held = False
        while self._waiting and not self._held:
            self._on_message(*self._waiting.popleft())
        if not self._held and not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    def post(self, text: bytes) -> bool:
        """Send a text message without waiting; False: nothing was sent, as `send` would wait.

        Args:
            text: UTF-8.
        """
        if self.paused or self.protocol.state is not OPEN or self.transport.is_closing():
            return False
        size = len(text)
        bit = _MASKED if self._is_client else 0
        if size < _SIZE_16:
            head = bytes((_WHOLE_TEXT, bit | size))
        elif size < 65_536:
            head = bytes((_WHOLE_TEXT, bit | _SIZE_16)) + size.to_bytes(2, "big")
        else:
            head = bytes((_WHOLE_TEXT, bit | _SIZE_64)) + size.to_bytes(8, "big")
        if bit:
            mask = urandom(4)
            self.transport.write(b"".join((head, mask, apply_mask(text, mask))))
        else:
            self.transport.write(head + text)
        return True

    # As asyncio calls it.

    def data_received(self, data: bytes) -> None:
        """Unpack what is a whole message; give the library the rest, frame by frame."""
        if not self._upgraded:
            data = self._pass_handshake(data)
        if self._part:
            self._part += data
            if len(self._part) < self._needed:
                return
            data = bytes(self._part)
            self._part.clear()
        at, size = 0, len(data)
        while at < size and not self._unreadable and self.may_read():
            # A head has two bytes at least, then the rest of the size, then the mask.
            first, second = data[at], data[at + 1] if at + 1 < size else 0
            start, length = at + 2, second & 0x7F
            if length >= _SIZE_16:
                start += 2 if length == _SIZE_16 else 8
                length = int.from_bytes(data[at + 2 : start], "big") if start <= size else 0
            if second & _MASKED:
                start += 4
            end = start + length
            if length > self._limit - self._gathered:
                self._unreadable = not self.refuses_size()
            elif end > size:
                self._part += data[at:]
                self._needed = end - at
                return
            elif (
                first in _WHOLE
                and (second < _MASKED) is self._is_client
                and not self._fragments
                and self.protocol.state is OPEN
            ):
                message = data[start:end]
                if not self._is_client:
                    message = apply_mask(message, data[start - 4 : start])
                self._deliver(message, first == _WHOLE_TEXT)
                at = end
            else:
                super().data_received(data[at:end])
                at = end
        if at < size and self._unreadable:
            super().data_received(data[at:])

    def process_event(self, event: Request | Response | Frame) -> None:
        """Put fragments together; the library decides on everything that is no data."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        self._fragments.append(event)
        self._gathered += len(event.data)
        if event.fin:
            is_text = self._fragments[0].opcode is Opcode.TEXT
            message = b"".join(fragment.data for fragment in self._fragments)
            self._fragments.clear()
            self._gathered = 0
            self._deliver(message, is_text)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is over."""
        super().connection_lost(exc)
        self._lose()

    def _pass_handshake(self, data: bytes) -> bytes:
        """Give the library the head of an HTTP message; return what stands behind it."""
        seen = self._tail + data
        end = seen.find(_HEAD_END)
        if end < 0:
            self._tail = seen[1 - len(_HEAD_END) :]
            super().data_received(data)
            return b""
        end += len(_HEAD_END) - len(self._tail)
        self._upgraded = True
        super().data_received(data[:end])
        # What follows a refusal is its body.
        self._unreadable = self._is_client and self.protocol.state is not OPEN
        return data[end:]

    def _lose(self) -> None:
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost()

    def _deliver(self, message: bytes, is_text: bool) -> None:
        if self._held:
            self._waiting.append((message, is_text))
            if self._reading and not self.transport.is_closing():
                self._reading = False
                self.transport.pause_reading()
        else:
            self._on_message(message, is_text)
