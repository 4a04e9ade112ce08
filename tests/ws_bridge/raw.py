"""A client that can do what a WebSocket library never would: vanish, stay mute, not read."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from tests.ws_bridge.world import Ended

_READ_BYTES = 65_536


class RawSocket:
    """A WebSocket without a loop of its own: nothing is read or answered unless asked for."""

    def __init__(self, connection: socket.socket, protocol: ClientProtocol) -> None:
        self._socket = connection
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self.heard = Ended()

    async def send(self, message: dict[str, Any] | bytes) -> None:
        """Send a message as JSON, or a frame."""
        if isinstance(message, bytes):
            self._protocol.send_binary(message)
        else:
            self._protocol.send_text(json.dumps(message).encode())
        await self._flush()

    async def next(self, kind: str) -> dict[str, Any]:
        """Read until a message of this type comes; pings are left unanswered."""
        while True:
            for message in await self._read():
                if message["type"] == kind:
                    return message

    async def ended(self) -> Ended:
        """Read what was sent, up to the end."""
        while not self._protocol.close_rcvd:
            await self._read()
        self.heard.close_code = self._protocol.close_rcvd.code
        self._socket.close()
        return self.heard

    async def closed(self) -> None:
        """Read up to the end of the connection, without answering a close frame."""
        while await self._loop.sock_recv(self._socket, _READ_BYTES):
            pass

    def fin(self) -> None:
        """End the connection as a dying process does: FIN, and no close frame."""
        self._socket.close()

    def reset(self) -> None:
        """End the connection with RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    async def open(self) -> None:
        """Shake hands."""
        self._protocol.send_request(self._protocol.connect())
        await self._flush()
        while self._protocol.state.name == "CONNECTING":
            self._protocol.receive_data(await self._loop.sock_recv(self._socket, _READ_BYTES))
        self._protocol.events_received()

    async def _read(self) -> list[dict[str, Any]]:
        data = await self._loop.sock_recv(self._socket, _READ_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
            assert self._protocol.close_rcvd, "the connection ended without a close frame"
        events = self._protocol.events_received()
        texts = [
            json.loads(bytes(event.data))
            for event in events
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT
        ]
        self.heard.messages += texts
        return texts

    async def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                await self._loop.sock_sendall(self._socket, data)


@asynccontextmanager
async def raw(url: str, *, receive_buffer: int | None = None) -> AsyncIterator[RawSocket]:
    """Open a raw socket to a bridge.

    Args:
        url: `ws:` address.
        receive_buffer: Bytes that the kernel may hold for a client that does not read.
    """
    uri = parse_uri(url)
    with socket.socket() as connection:
        connection.setblocking(False)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(connection, (uri.host, uri.port))
        client = RawSocket(connection, ClientProtocol(uri, max_size=None))
        await client.open()
        yield client
