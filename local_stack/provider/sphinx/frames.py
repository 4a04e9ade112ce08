"""What server and workers say to one another: a kind, a length, a payload."""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum
from typing import BinaryIO

_HEADER = struct.Struct("!BI")


class Job(IntEnum):
    """What a worker is there for."""

    LIVE = 1
    FILE = 2


class Kind(IntEnum):
    """What a message is: audio, flush and end go to a worker, the rest come from it."""

    AUDIO = 1
    FLUSH = 2
    END = 3
    WORDS = 4
    """JSON: a list of `[text, start, end]`, times in seconds."""
    DONE = 5
    """JSON: the length of the audio in seconds."""
    UNREADABLE = 6
    """JSON: why the file cannot be transcribed."""


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """One message as bytes."""
    return _HEADER.pack(kind, len(payload)) + payload


def read(stream: BinaryIO) -> tuple[Kind, bytes] | None:
    """The next message; None at the end of the stream."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, size = _HEADER.unpack(header)
    payload = stream.read(size)
    return (Kind(kind), payload) if len(payload) == size else None


async def read_async(stream: asyncio.StreamReader) -> tuple[Kind, bytes] | None:
    """The next message; None at the end of the stream."""
    try:
        kind, size = _HEADER.unpack(await stream.readexactly(_HEADER.size))
        return Kind(kind), await stream.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
