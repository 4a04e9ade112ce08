"""Inspection of uploaded audio, in processes apart.

A file is told by its content, never by its name, and measured by decoding it. A decoder that
hangs or crashes costs the request that caused it, and no other. A fault of our own in such a
process is an internal error: it is logged and counted, and never told as a fault of the file.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from weakref import WeakValueDictionary

import structlog

from transcription.audio import Failure
from transcription.audio.container import COPY_MIME, AudioInfo, AudioLimits
from transcription.errors import (
    Capacity,
    InternalError,
    InvalidAudio,
    PayloadTooLarge,
    TranscriptionError,
    UnsupportedAudio,
)

__all__ = ["COPY_MIME", "AudioInfo", "AudioInspector", "AudioLimits"]

TIMEOUT_SECONDS: Final = 15.0
QUEUE_SECONDS: Final = 30.0
START_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 5.0
"""Between two tries to start a worker that no file waits for."""
STDERR_BYTES: Final = 8192
"""The end of what a worker wrote to standard error, which is logged when the worker is lost."""
EXIT_SECONDS: Final = 1.0
"""How long a worker that says no more may take to end by itself."""
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
)
"""What a decoder dies of. Any other end of a worker is not the file's fault."""
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
        failed: Called with the reason when a worker fails.
    """

    def __init__(
        self,
        limits: AudioLimits,
        *,
        workers: int = 1,
        timeout_seconds: float = TIMEOUT_SECONDS,
        queue_seconds: float = QUEUE_SECONDS,
        failed: Callable[[Failure], object] = lambda _: None,
    ) -> None:
        self._limits = limits
        self._workers = [_Worker(timeout_seconds, failed) for _ in range(workers)]
        self._queue_seconds = queue_seconds
        self._per_owner = max(1, workers // 2)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        """Start the workers, each of which reads a good file before it says that it is ready.

        Raises:
            InternalError: A worker cannot read it; the log says why.
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

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the workers."""
        await self._stop()

    async def ready(self) -> bool:
        """Tell whether files can be read; a worker that did not start is tried again."""
        broken = [worker for worker in self._workers if worker.broken]
        return not broken or await broken[0].mend()

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
            InternalError: it cannot be read by a fault of ours.
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
            InternalError: it cannot be read by a fault of ours.
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

    def __init__(self, timeout_seconds: float, failed: Callable[[Failure], object]) -> None:
        self._timeout = timeout_seconds
        self._failed = failed
        self._process: Process | None = None
        self._stderr: asyncio.Task[str] | None = None
        self._starting = asyncio.Lock()
        self._try_again_at = 0.0
        self.broken = False
        """The last process did not start."""

    async def start(self) -> Process:
        """Start a process, which reads a good file first.

        Raises:
            InternalError: It cannot be started, or cannot read the file.
        """
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self.broken = True
        self._try_again_at = asyncio.get_running_loop().time() + RETRY_SECONDS
        try:
            async with asyncio.timeout(START_SECONDS):
                process = self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    f"{__package__}.worker",
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=PIPE,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for the service to hear
                )
                self._stderr = asyncio.create_task(_end_of(process.stderr))
                await self._read(process)
        except (EOFError, OSError) as error:  # TimeoutError is an OSError
            _, told = await self._ended()
            raise self._fault("start", error=type(error).__name__, stderr=told) from None
        except BaseException:
            await self.stop()
            raise
        self.broken = False
        return process

    async def mend(self) -> bool:
        """Start a process in place of the one that did not start; tell whether that worked."""
        async with self._starting:
            if self.broken and asyncio.get_running_loop().time() >= self._try_again_at:
                with suppress(InternalError):
                    await self.start()
            return not self.broken

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let the process do one request.

        Raises:
            InvalidAudio: It took too long, or a decoder crashed.
            InternalError: It failed by a fault of ours.
        """
        async with self._starting:
            process = self._process
            if process is None or process.returncode is not None:
                await self.stop()
                process = await self.start()
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._exchange(process, request)
        except TimeoutError:
            await self.stop()
            raise self._lost("timeout", "The file takes too long to read.") from None
        except (EOFError, OSError):
            code, told = await self._ended()
            if code == -signal.SIGXCPU:
                raise self._lost("timeout", "The file takes too long to read.") from None
            if -code in _CRASHES:
                damaged = "The file is damaged: it cannot be read as audio."
                raise self._lost("crash", damaged, code=code, stderr=told) from None
            raise self._fault("internal", code=code, stderr=told) from None
        except BaseException:
            # Its answer would be taken for that of the next request.
            await self.stop()
            raise
        if "traceback" in answer:
            raise self._fault("internal", traceback=answer["traceback"])
        return answer

    async def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        stderr, self._stderr = self._stderr, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()
        if stderr is not None:
            await stderr

    async def _ended(self) -> tuple[int, str]:
        """End a process that says no more; return its status and what it wrote last."""
        process, stderr = self._process, self._stderr
        if process is None or stderr is None:
            return 0, ""
        with suppress(TimeoutError):
            async with asyncio.timeout(EXIT_SECONDS):
                await process.wait()
        code = process.returncode or 0
        await self.stop()
        return code, stderr.result()

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

    def _fault(self, reason: Failure, **told: object) -> InternalError:
        """Log and count a fault of ours."""
        self._failed(reason)
        failure = InternalError()
        _log.error("audio_worker_failed", reason=reason, error_id=failure.error_id, **told)
        return failure

    def _lost(self, reason: Failure, message: str, **told: object) -> InvalidAudio:
        """Log and count a process that a file was too much for."""
        self._failed(reason)
        _log.error("audio_worker_lost", reason=reason, **told)
        return InvalidAudio(message)


async def _end_of(stream: asyncio.StreamReader | None) -> str:
    """Read a stream to its end and return its last characters."""
    kept = b""
    while stream is not None and (piece := await stream.read(STDERR_BYTES)):
        kept = (kept + piece)[-STDERR_BYTES:]
    return kept.decode(errors="replace")
