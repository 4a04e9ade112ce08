"""Inspection of uploaded audio, in processes apart.

A file's kind follows from its content, not its name, and its length from decoding it. A decoder
that hangs or crashes costs the request that caused it, and no other. A fault of our own in such a
process is an internal error: it is logged and counted, and never told as a fault of the file.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Self

from transcription.audio.container import COPY_MIME, AudioInfo, AudioLimits
from transcription.audio.process import ReadingProcess
from transcription.audio.reference import Reference
from transcription.audio.turns import Turns
from transcription.errors import (
    Capacity,
    InvalidAudio,
    PayloadTooLarge,
    TranscriptionError,
    UnsupportedAudio,
)
from transcription.match.levels import Voice
from transcription.match.times import Span
from transcription.process.addresses import network_of
from transcription.process.metrics import AudioFailure

__all__ = ["COPY_MIME", "AudioInfo", "AudioInspector", "AudioLimits"]

TIMEOUT_SECONDS: Final = 15.0
QUEUE_SECONDS: Final = 30.0
_FAULTS: Final[Mapping[str, type[TranscriptionError]]] = {
    kind.code.value: kind for kind in (Capacity, InvalidAudio, PayloadTooLarge, UnsupportedAudio)
}


class AudioInspector:
    """Reads files in processes apart; an async context manager.

    Args:
        limits: What a file may be.
        workers: How many files are read at once; of one owner, and of one network, half as many.
        timeout_seconds: For one file.
        queue_seconds: How long a file waits for a process.
        failed: Called with the reason when a process fails.
    """

    def __init__(
        self,
        limits: AudioLimits,
        *,
        workers: int = 1,
        timeout_seconds: float = TIMEOUT_SECONDS,
        queue_seconds: float = QUEUE_SECONDS,
        failed: Callable[[AudioFailure], object] = lambda _: None,
    ) -> None:
        self._limits = limits
        self._workers = [ReadingProcess(timeout_seconds, failed) for _ in range(workers)]
        self._turns = Turns(workers, wait_seconds=queue_seconds)
        self._idle: asyncio.LifoQueue[ReadingProcess] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        """Start the processes, each of which reads a good file before it says that it is ready.

        Raises:
            InternalError: One cannot read it; the log says why.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                for worker in self._workers:
                    tasks.create_task(worker.start())
        except BaseException:
            await self._stop()
            raise
        for worker in self._workers:
            self._idle.put_nowait(worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the processes."""
        await self._stop()

    async def ready(self) -> bool:
        """Tell whether files can be read; a process that did not start is tried again."""
        broken = [worker for worker in self._workers if worker.broken]
        return not broken or await broken[0].mend()

    async def inspect(self, path: Path, owner: str = "", address: str | None = None) -> AudioInfo:
        """Decode a file and tell what it is.

        Args:
            path: The file.
            owner: Who waits for it.
            address: The IP address that it came from.

        Raises:
            PayloadTooLarge: it is above the size limit.
            UnsupportedAudio: it is of no accepted format, a video, or has several sound tracks.
            InvalidAudio: it cannot be decoded, its header lies, or it is too short or too long.
            Capacity: too many files are waiting.
            RateLimited: too many files of this owner or network were refused.
            InternalError: it cannot be read by a fault of ours.
        """
        request = {"task": "inspect", "limits": asdict(self._limits)}
        with _opened(path, os.O_RDONLY) as file:
            return AudioInfo(**await self._ask(request, (file,), owner, address))

    async def to_16k_wav(
        self, source: Path, target: Path, owner: str = "", address: str | None = None
    ) -> None:
        """Write a copy as mono 16-bit PCM at 16 kHz, for providers that take less.

        The caller owns `target`, also when this fails.

        Args:
            source: The file.
            target: Where the copy goes.
            owner: As for `inspect`.
            address: As for `inspect`.

        Raises:
            InvalidAudio: the source cannot be decoded.
            Capacity: too many files are waiting, or the disk is full.
            RateLimited: too many files of this owner or network were refused.
            InternalError: it cannot be read by a fault of ours.
        """
        writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with _opened(source, os.O_RDONLY) as file, _opened(target, writing) as copy:
            await self._ask({"task": "copy"}, (file, copy), owner, address)

    async def voice(self, path: Path, owner: str = "", address: str | None = None) -> Voice:
        """Tell where someone speaks in a file.

        Args:
            path: The file.
            owner: As for `inspect`.
            address: As for `inspect`.

        Raises:
            InvalidAudio: it cannot be decoded.
            Capacity: too many files are waiting.
            RateLimited: too many files of this owner or network were refused.
            InternalError: it cannot be read by a fault of ours.
        """
        with _opened(path, os.O_RDONLY) as file:
            found = await self._ask({"task": "voice"}, (file,), owner, address)
        return Voice(found["seconds"], [Span(*one) for one in found["stretches"]])

    async def reference(
        self,
        source: Path,
        target: Path,
        owner: str = "",
        address: str | None = None,
        *,
        rate: int | None,
        max_seconds: float,
    ) -> Reference:
        """Write a recording as a mono WAV for a cloning engine, and tell what it is like.

        The caller owns `target`, also when this fails.

        Args:
            source: The file.
            target: Where the WAV goes.
            owner: As for `inspect`.
            address: As for `inspect`.
            rate: Samples per second; the recording's own, up to 48 kHz, when None.
            max_seconds: Of the WAV.

        Raises:
            InvalidAudio: the source cannot be decoded, or lasts longer.
            Capacity: too many files are waiting, or the disk is full.
            RateLimited: too many files of this owner or network were refused.
            InternalError: it cannot be read by a fault of ours.
        """
        request = {"task": "reference", "rate": rate, "max_seconds": max_seconds}
        writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with _opened(source, os.O_RDONLY) as file, _opened(target, writing) as copy:
            made = await self._ask(request, (file, copy), owner, address)
        return Reference(**made)

    async def _ask(
        self,
        request: dict[str, Any],
        files: tuple[int, ...],
        owner: str,
        address: str | None,
    ) -> dict[str, Any]:
        network = network_of(address)
        groups = [f"user {owner}"] if owner else []
        groups += [f"network {network}"] if network else []
        async with self._turns.turn(*groups):
            worker = self._idle.get_nowait()
            began = time.monotonic()
            try:
                answer = await worker.ask(request, files)
                if "code" in answer:
                    raise _FAULTS[answer["code"]](answer["message"])
            except (InvalidAudio, UnsupportedAudio):
                self._turns.refused(time.monotonic() - began, *groups)
                raise
            finally:
                self._idle.put_nowait(worker)
        return answer

    async def _stop(self) -> None:
        for worker in self._workers:
            await worker.stop()


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open a file of ours; a worker is given the descriptor, and no path."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        os.set_blocking(descriptor, True)
        yield descriptor
    finally:
        os.close(descriptor)
