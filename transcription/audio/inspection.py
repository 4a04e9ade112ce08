"""Inspection of uploaded audio, in processes apart.

A file is told by its content, never by its name, and measured by decoding it. A decoder that
hangs or crashes costs the request that caused it, and no other.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakValueDictionary

import structlog

from transcription.audio.container import COPY_MIME, AudioInfo, AudioLimits
from transcription.errors import (
    Capacity,
    InvalidAudio,
    PayloadTooLarge,
    TranscriptionError,
    UnsupportedAudio,
)

__all__ = ["COPY_MIME", "AudioInfo", "AudioInspector", "AudioLimits"]

TIMEOUT_SECONDS: Final = 15.0
QUEUE_SECONDS: Final = 30.0
START_SECONDS: Final = 20.0
_INHERITED: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT")
"""What a worker is told of the environment: no key among it."""
_FAULTS: Final[Mapping[str, type[TranscriptionError]]] = {
    kind.code.value: kind for kind in (Capacity, InvalidAudio, PayloadTooLarge, UnsupportedAudio)
}

_log = structlog.get_logger(__name__)


class AudioInspector:
    """Reads files in worker processes; an async context manager.

    Args:
        limits: What a file may be.
        workers: How many files are read at once; of one owner, half as many.
        timeout_seconds: For one file.
        queue_seconds: How long a file waits for a worker.
    """

    def __init__(
        self,
        limits: AudioLimits,
        *,
        workers: int = 1,
        timeout_seconds: float = TIMEOUT_SECONDS,
        queue_seconds: float = QUEUE_SECONDS,
    ) -> None:
        self._limits = limits
        self._workers = [_Worker(timeout_seconds) for _ in range(workers)]
        self._queue_seconds = queue_seconds
        self._per_owner = max(1, workers // 2)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        """Start the workers, so that the first upload need not wait for them."""
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

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the workers."""
        await self._stop()

    async def inspect(self, path: Path, *, owner: str = "") -> AudioInfo:
        """Decode a file and tell what it is.

        Args:
            path: The file.
            owner: Who waits for it: nobody's files keep those of the others waiting.

        Raises:
            PayloadTooLarge: it is above the size limit.
            UnsupportedAudio: it is of no accepted format, a video, or has several sound tracks.
            InvalidAudio: it cannot be decoded, its header lies, or it is too short or too long.
            Capacity: too many files are waiting.
        """
        limits = asdict(self._limits)
        request = {"task": "inspect", "path": str(path), "limits": limits}
        return AudioInfo(**await self._ask(request, owner))

    async def to_16k_wav(self, source: Path, target: Path, *, owner: str = "") -> None:
        """Write a copy as mono 16-bit PCM at 16 kHz, for recognisers that take less.

        The caller owns `target`, also when this fails.

        Args:
            source: The file.
            target: Where the copy goes.
            owner: As for `inspect`.

        Raises:
            InvalidAudio: the source cannot be decoded.
            Capacity: too many files are waiting, or the disk is full.
        """
        await self._ask({"task": "copy", "path": str(source), "target": str(target)}, owner)

    async def _ask(self, request: dict[str, Any], owner: str) -> dict[str, Any]:
        async with self._worker_for(owner) as worker:
            answer = await worker.ask(request)
        if "code" in answer:
            raise _FAULTS[answer["code"]](answer["message"])
        return answer

    @asynccontextmanager
    async def _worker_for(self, owner: str) -> AsyncIterator["_Worker"]:
        share = self._per_owner if owner else len(self._workers)
        turns = self._turns.setdefault(owner, asyncio.Semaphore(share))
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._queue_seconds):
                    await stack.enter_async_context(turns)
                    worker = await self._idle.get()
            except TimeoutError:
                raise Capacity(retry_after=self._queue_seconds) from None
            stack.callback(self._idle.put_nowait, worker)
            yield worker

    async def _stop(self) -> None:
        for worker in self._workers:
            await worker.stop()


class _Worker:
    """One process, started again when it was lost."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._process: Process | None = None

    async def start(self) -> Process:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"{__package__}.worker",
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the service to hear
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._read(process)
        except BaseException:
            await self.stop()
            raise
        return process

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        process = await self._running()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(process, request)
        except TimeoutError:
            await self._lose("timeout")
            raise InvalidAudio("The file takes too long to read.") from None
        except (EOFError, OSError):
            await self._lose("crash")
            raise InvalidAudio("The file is damaged: it cannot be read as audio.") from None
        except asyncio.CancelledError:
            # Its answer would be taken for that of the next request.
            await self.stop()
            raise

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        try:
            return await self.start()
        except (EOFError, OSError):  # TimeoutError is an OSError
            _log.exception("audio_worker_does_not_start")
            raise Capacity(retry_after=self._timeout) from None

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _exchange(self, process: Process, request: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
        return await self._read(process)

    async def _read(self, process: Process) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _lose(self, reason: str) -> None:
        _log.error("audio_worker_lost", reason=reason)
        await self.stop()
