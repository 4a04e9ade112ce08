"""What server and workers say to one another: a kind, a length, a payload."""

import asyncio
import socket
import struct
from enum import IntEnum

HEADER = struct.Struct("!BI")
_TAKE_BYTES = 1024 * 1024


class Job(IntEnum):
    """What a worker is there for."""

    LIVE = 1
    FILE = 2
    FILE_WITH_WORDS = 3


class Kind(IntEnum):
    """What a message is: audio, flush and end go to a worker, the rest come from it."""

    AUDIO = 1
    FLUSH = 2
    END = 3
    TEXT = 4
    """JSON: what the live text goes on with."""
    HEARD = 5
    """JSON: bytes of audio that were heard so far."""
    UTTERANCE = 6
    """JSON: text, start, end and words of a file's utterance."""
    DONE = 7
    """JSON: the length of the audio in seconds."""
    UNREADABLE = 8
    """JSON: why the file cannot be transcribed."""
    READY = 9
    """JSON: what a second of live audio costs, in CPU seconds, or null. Of the nursery."""
    UNABLE = 10
    """JSON: why the model cannot be loaded. Of the nursery."""


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """One message as bytes."""
    return HEADER.pack(kind, len(payload)) + payload


class Inbox:
    """A worker's end of its socket.

    Each `take` brings all that has come: a worker that was busy meanwhile hears the audio that
    waited at once, so that nothing queues behind it.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._bytes = bytearray()

    def take(self) -> list[tuple[Kind, bytes]]:
        """Wait for messages; neighbouring pieces of audio are joined. Empty at the end."""
        while True:
            piece = self._link.recv(_TAKE_BYTES)
            self._bytes += piece
            messages = self._parse()
            if messages or not piece:
                return messages

    def _parse(self) -> list[tuple[Kind, bytes]]:
        messages: list[tuple[Kind, bytes]] = []
        audio = bytearray()
        at = 0
        while len(self._bytes) - at >= HEADER.size:
            kind, size = HEADER.unpack_from(self._bytes, at)
            end = at + HEADER.size + size
            if len(self._bytes) < end:
                break
            payload = bytes(self._bytes[at + HEADER.size : end])
            at = end
            if kind == Kind.AUDIO:
                audio += payload
                continue
            if audio:
                messages.append((Kind.AUDIO, bytes(audio)))
                audio.clear()
            messages.append((Kind(kind), payload))
        if audio:
            messages.append((Kind.AUDIO, bytes(audio)))
        del self._bytes[:at]
        return messages


async def read_async(stream: asyncio.StreamReader) -> tuple[Kind, bytes] | None:
    """The next message; None at the end of the stream."""
    try:
        kind, size = HEADER.unpack(await stream.readexactly(HEADER.size))
        return Kind(kind), await stream.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
