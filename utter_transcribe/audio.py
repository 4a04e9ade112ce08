"""Audio sources: any file or a stream in, mono 16-bit PCM at 16 kHz out."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from shared_schema.audio import FRAME_BYTES, SAMPLE_RATE, seconds
from shared_schema.files import known_head
from utter_transcribe.errors import AudioError
from utter_transcribe.generated.reader import NotOpenedError, Sound, UnreadableError, opened

_HEAD_BYTES: Final = 12
_AHEAD: Final = 32
"""Pieces that a reading thread may be ahead."""


@contextmanager
def _opened(file: Path | BinaryIO) -> Iterator[Sound]:
    name = file.name if isinstance(file, Path) else "the stream"
    try:
        if isinstance(file, Path):
            with file.open("rb") as stream, opened(stream) as sound:
                yield sound
        else:
            with opened(file) as sound:
                yield sound
    except OSError as error:
        raise AudioError.from_os(name, error) from None
    except NotOpenedError:
        raise AudioError(f"{name} is no audio that can be read") from None
    except UnreadableError as error:
        raise AudioError(f"{name}: {error}") from None


def decode(file: Path | BinaryIO) -> Iterator[bytes]:
    """Yield the sound of a file of any kind that FFmpeg reads.

    Args:
        file: A path, or an open stream, which need not be seekable.

    Raises:
        AudioError: It is no audio, or damaged.
    """
    with _opened(file) as sound:
        yield from sound.pcm(SAMPLE_RATE)


def duration(file: Path) -> float:
    """Return the seconds that a file lasts, by decoding all of it before any is sent.

    Raises:
        AudioError: It is no audio, or damaged.
    """
    with _opened(file) as sound:
        return round(sum(frame.samples / frame.sample_rate for frame in sound.frames()), 3)


def read_stream(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a stream: raw PCM as it comes, or WAV, told by its first bytes.

    Args:
        stream: Unbuffered, so that a read returns what there is.

    Raises:
        AudioError: It is of another known kind, or WAV that cannot be read.
    """
    first = stream.read(FRAME_BYTES)
    while 0 < len(first) < _HEAD_BYTES and (more := stream.read(FRAME_BYTES)):
        first += more
    kind = known_head(first)
    if kind == "WAV":
        yield from decode(_Unread(first, stream))  # type: ignore[arg-type] # reads are all it needs
        return
    if kind is not None:
        raise AudioError(f"the stream is {kind}: send WAV, or raw samples at {SAMPLE_RATE:,} Hz")
    while first:
        yield first
        first = stream.read(FRAME_BYTES)


class _Unread:
    """A stream whose first bytes were read already."""

    def __init__(self, first: bytes, stream: BinaryIO) -> None:
        self._first = first
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        if not self._first:
            return self._stream.read(size)
        first, self._first = self._first[:size], self._first[size:]
        return first


async def in_thread(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield what a blocking iterator yields, which is read a little ahead in a thread.

    The thread is a daemon: a read that never returns, such as from a terminal, does not keep the
    process alive.

    Raises:
        Exception: Whatever `pieces` raises.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
    places = threading.Semaphore(_AHEAD)
    ended = threading.Event()

    def put(item: bytes | Exception | None) -> bool:
        places.acquire()
        if ended.is_set():
            return False
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(queue.put_nowait, item)
        return True

    def read() -> None:
        try:
            if all(map(put, pieces)):
                put(None)
        except Exception as error:  # raised where it is waited for
            put(error)

    threading.Thread(target=read, name="audio", daemon=True).start()
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
            places.release()
    finally:
        ended.set()
        places.release()


async def paced(pieces: AsyncIterable[bytes], speed: float = 1.0) -> AsyncGenerator[bytes, None]:
    """Yield audio as fast as it would be spoken.

    Args:
        pieces: PCM of any lengths.
        speed: 1 for real time, 2 for twice as fast; 0 for at once.
    """
    clock = asyncio.get_running_loop().time
    begun = clock()
    size = 0
    async for piece in pieces:
        for at in range(0, len(piece), FRAME_BYTES):
            frame = piece[at : at + FRAME_BYTES]
            size += len(frame)
            if speed > 0:  # a microphone gives a frame when its last sample was heard
                await asyncio.sleep(begun + seconds(size) / speed - clock())
            yield frame
