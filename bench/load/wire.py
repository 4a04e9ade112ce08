"""A WebSocket client (RFC 6455) that does only what a load generator needs, and costs little.

Frames to send are encoded once for all sessions, so sending one is a single write.
"""

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final, cast

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
_MASK: Final = bytes.fromhex("5a17c3e9")
"""One mask for every frame, on loopback. Not zero, because some servers skip zero."""


class Opcode(IntEnum):
    """Of a frame (RFC 6455, section 11.8)."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class HandshakeError(Exception):
    """The server did not answer with an upgrade; the first line of its answer."""


def encode(opcode: Opcode, payload: bytes) -> bytes:
    """Return a whole masked frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65_536:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    mask = (_MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + _MASK + masked.to_bytes(size, "big")


class Socket(asyncio.Protocol):
    """One connection.

    Args:
        on_message: Called with each text message, as UTF-8.
        on_close: Called once, with the server's close code or None.
    """

    def __init__(
        self, on_message: Callable[[bytes], None], on_close: Callable[[int | None], None]
    ) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._request = self._accept = self._buffer = b""
        self._open = False
        self._code: int | None = None
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, host: str, port: int, path: str, headers: Mapping[str, str]) -> None:
        """Open the connection; no extension is offered.

        Raises:
            OSError: nothing listens there.
            HandshakeError: the upgrade was refused.
        """
        key = base64.b64encode(os.urandom(16))
        digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
        self._accept = base64.b64encode(digest)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._request = "\r\n".join((*lines, "\r\n")).encode()
        await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        await self._opened

    def send(self, frame: bytes) -> None:
        """Write a frame that `encode` made."""
        assert self._transport is not None
        self._transport.write(frame)

    def abort(self) -> None:
        """Cut the connection, or give up one that never was."""
        if self._transport is not None:
            self._transport.abort()
        else:
            self._on_close(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self.send(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is over."""
        if not self._opened.done():
            self._opened.set_exception(HandshakeError("connection lost"))
        self._on_close(self._code)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._buffer = self._buffer + data if self._buffer else data
        if self._open or self._upgraded():
            self._read_frames()

    def _upgraded(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if head.split(b" ", 2)[1:2] != [b"101"] or self._accept not in head:
            self._opened.set_exception(HandshakeError(head.split(b"\r\n", 1)[0].decode("latin-1")))
            self.abort()
            return False
        self._buffer = rest
        self._open = True
        self._opened.set_result(None)
        return True

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if len(buffer) < start + size:
                break
            first, at = at, start + size
            self._take(buffer[first], buffer[start:at])
        self._buffer = buffer[at:]

    def _take(self, first: int, payload: bytes) -> None:
        if first == 0x80 | Opcode.TEXT:
            self._on_message(payload)
        elif first == 0x80 | Opcode.PING:
            self.send(encode(Opcode.PONG, payload))
        elif first == 0x80 | Opcode.CLOSE:
            self._code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
            self.send(encode(Opcode.CLOSE, payload[:2]))
            assert self._transport is not None
            self._transport.close()
        elif first != 0x80 | Opcode.PONG:
            # None of the servers under test fragments or sends binary.
            self.abort()
