"""A recording whose every 100 ms frame says its own number, so that a gap can be seen."""

import asyncio
import struct
from collections.abc import AsyncIterator

from shared_schema.audio import FRAME_BYTES

VOICE = 4096
"""Added to the number of a frame that is as loud as a voice."""


def frame(number: int, *, voice: bool = False) -> bytes:
    """Return 100 ms of PCM in which every sample tells `number`."""
    if voice:
        return struct.pack("<hh", VOICE + number, -VOICE - number) * (FRAME_BYTES // 4)
    return number.to_bytes(2, "little") * (FRAME_BYTES // 2)


def recording(frames: int) -> bytes:
    """Return frames 0 to `frames` - 1."""
    return b"".join(frame(number) for number in range(frames))


def numbers(pcm: bytes | bytearray) -> list[int]:
    """Return the frames in `pcm`, which begins at a frame; every one must be whole."""
    found = [int.from_bytes(pcm[at : at + 2], "little") for at in range(0, len(pcm), FRAME_BYTES)]
    assert bytes(pcm) == b"".join(map(frame, found))
    return found


async def at_once(pcm: bytes) -> AsyncIterator[bytes]:
    """Yield a recording as one piece."""
    yield pcm


class Microphone:
    """An audio source that a test feeds by hand."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._frames = 0
        self.closed = False

    def record(self, frames: int) -> None:
        """Let this many more frames be heard."""
        for number in range(self._frames, self._frames + frames):
            self._pieces.put_nowait(frame(number))
        self._frames += frames

    def end(self) -> None:
        """End the recording."""
        self._pieces.put_nowait(None)

    async def __call__(self) -> AsyncIterator[bytes]:
        """Yield what is recorded."""
        try:
            while piece := await self._pieces.get():
                yield piece
        finally:
            self.closed = True


def place(pcm: bytes | bytearray) -> range:
    """Return which bytes of a numbered recording `pcm` is; it may begin within a frame.

    It is one piece, with nothing missing and nothing twice. Less than a frame is taken for its end.
    """
    first = int.from_bytes(pcm[:2], "little")
    change = (at for at in range(0, len(pcm), 2) if pcm[at : at + 2] != pcm[:2])
    rest = next(change, len(pcm))
    begin = (first + 1) * FRAME_BYTES - rest
    last = int.from_bytes(pcm[-2:], "little")
    frames = b"".join(map(frame, range(first, last + 1)))
    assert pcm == frames[FRAME_BYTES - rest :][: len(pcm)]
    return range(begin, begin + len(pcm))
