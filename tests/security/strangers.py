"""Connections by the hundred, from any address of the loopback network."""

import asyncio
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from shared_schema.base import REALTIME_PATH
from tests.waiting import until

REAL: Final = "127.0.0.2"
"""Where someone honest comes from."""
CROWD: Final = "127.0.0.3"
"""Where the others come from."""
UPGRADE: Final = (
    f"GET {REALTIME_PATH} HTTP/1.1\r\nHost: bridge.test\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()
_FILES: Final = 8192


def addresses(count: int) -> list[str]:
    """Return addresses of the loopback network, none of them used elsewhere."""
    return [f"127.0.{1 + n // 250}.{1 + n % 250}" for n in range(count)]


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return a frame as a client sends it (RFC 6455, section 5.2), masked with zeros."""
    size = len(payload)
    head = bytes((fin << 7 | opcode,))
    if size < 126:
        head += bytes((128 | size,))
    elif size < 65_536:
        head += bytes((128 | 126,)) + size.to_bytes(2)
    else:
        head += bytes((128 | 127,)) + size.to_bytes(8)
    return head + bytes(4) + payload


class Stranger(asyncio.Protocol):
    """A connection that keeps what it hears."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost = asyncio.Event()
        self._transport: asyncio.Transport

    @property
    def open(self) -> bool:
        """Whether the other end has not hung up."""
        return not self.lost.is_set()

    def send(self, data: bytes) -> None:
        """Send what is given, without waiting; nothing once the connection is gone."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def stop_reading(self) -> None:
        """Let what comes wait."""
        self._transport.pause_reading()

    def read_on(self) -> None:
        """Read what waits."""
        self._transport.resume_reading()

    def end(self) -> None:
        """Say that nothing more comes."""
        if not self._transport.is_closing():
            self._transport.write_eof()

    def hang_up(self) -> None:
        """End the connection."""
        self._transport.abort()

    async def hear(self, what: bytes, seconds: float = 5.0) -> bytes:
        """Wait until this was heard, or the end; return all that was."""
        await until(lambda: what in self.heard or not self.open, seconds=seconds)
        return bytes(self.heard)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has hung up."""
        self.lost.set()


@dataclass
class Strangers:
    """Those who have come to one port."""

    port: int
    all: list[Stranger] = field(default_factory=list)

    @property
    def open(self) -> int:
        """How many have not been sent away."""
        return sum(stranger.open for stranger in self.all)

    async def come(self, sources: Sequence[str], say: bytes = b"") -> list[Stranger]:
        """Connect once from each source, side by side, and say the same."""
        loop = asyncio.get_running_loop()

        async def one(source: str) -> Stranger:
            _, stranger = await loop.create_connection(
                Stranger, "127.0.0.1", self.port, local_addr=(source, 0)
            )
            stranger.send(say)
            return stranger

        came = await asyncio.gather(*map(one, sources))
        self.all += came
        return came


@asynccontextmanager
async def strangers(url: str) -> AsyncIterator[Strangers]:
    """Let strangers come to the port of a URL; they leave when the block ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, hard), hard))
    port = urlsplit(url).port
    assert port is not None
    came = Strangers(port)
    try:
        yield came
    finally:
        for stranger in came.all:
            stranger.hang_up()
        await until(lambda: came.open == 0)
