"""`python -m bench.swallower`: a provider of files that reads, thinks, and keeps nothing."""

import asyncio
import json
import sys
from typing import Final

import uvloop

from bench.commands import commands, tell

_ANSWER: Final = json.dumps(
    {"model": "voxtral-mini-2602", "text": "one two", "language": "en", "usage": {}}
).encode()


class Swallower:
    """Answers `POST /v1/audio/transcriptions` after a while, and nothing else.

    Args:
        think_seconds: Between the end of a body and the answer.
    """

    def __init__(self, think_seconds: float) -> None:
        self._think_seconds = think_seconds
        self.files = 0
        self.bytes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"POST "):
                    await self._swallow(reader, _length(head))
                    await asyncio.sleep(self._think_seconds)
                    writer.write(_response(b"200 OK", _ANSWER))
                else:
                    writer.write(_response(b"404 Not Found", b"{}"))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _swallow(self, reader: asyncio.StreamReader, size: int) -> None:
        self.files += 1
        while size > 0:
            piece = await reader.read(min(size, 262_144))
            if not piece:
                raise ConnectionError
            size -= len(piece)
            self.bytes += len(piece)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def _response(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def _serve(think_seconds: float) -> None:
    swallower = Swallower(think_seconds)
    server = await asyncio.start_server(swallower.serve, "127.0.0.1", 0, limit=2**18)
    async with server:
        tell({"port": server.sockets[0].getsockname()[1]})
        async for _ in commands():
            tell({"files": swallower.files, "bytes": swallower.bytes})


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1])))
