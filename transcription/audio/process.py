"""A process that reads files, as its parent sees it: started again when it was lost."""

import asyncio
import json
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

from transcription.errors import InternalError, InvalidAudio
from transcription.process.metrics import AudioFailure

START_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 5.0
"""Between two tries to start a process that no file waits for."""
EXIT_SECONDS: Final = 1.0
"""How long a process that says no more may take to end by itself."""
STDERR_BYTES: Final = 8192
"""The end of what a process wrote to standard error, which is logged when it is lost."""
_ROOT: Final = Path(__file__).parents[__name__.count(".")]
"""Where the package lies: a process without an environment finds it from there."""
_CRASHES: Final = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}
)
"""What a decoder dies of. Any other end of a process is not the file's fault."""

_log = structlog.get_logger(__name__)


class ReadingProcess:
    """One process, which reads one file after the other.

    Args:
        timeout_seconds: For one file.
        failed: Called with the reason when the process fails.
    """

    def __init__(self, timeout_seconds: float, failed: Callable[[AudioFailure], object]) -> None:
        self._timeout = timeout_seconds
        self._failed = failed
        self._process: Process | None = None
        self._line: socket.socket | None = None
        self._answers: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
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
        self.broken = True
        self._try_again_at = time.monotonic() + RETRY_SECONDS
        try:
            async with asyncio.timeout(START_SECONDS):
                process = await self._spawn()
                await self._read()
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
            if self.broken and time.monotonic() >= self._try_again_at:
                with suppress(InternalError):
                    await self.start()
            return not self.broken

    async def ask(self, request: dict[str, Any], files: Sequence[int]) -> dict[str, Any]:
        """Let the process do one request.

        Args:
            request: What to do.
            files: Descriptors that it is done with.

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
                answer = await self._exchange(request, files)
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
        writer, self._writer = self._writer, None
        line, self._line = self._line, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()
        if stderr is not None:
            await stderr
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        if line is not None:
            line.close()

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

    async def _spawn(self) -> Process:
        ours, its = socket.socketpair()
        with its:
            self._line = ours
            ours.setblocking(False)
            # What is read is read by asyncio; descriptors it cannot send.
            self._answers, self._writer = await asyncio.open_unix_connection(sock=ours.dup())
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"{__package__}.worker",
                stdin=its.fileno(),
                stdout=DEVNULL,
                stderr=PIPE,
                cwd=_ROOT,
                env={},
                start_new_session=True,  # Ctrl-C is for the service to hear
            )
        self._stderr = asyncio.create_task(_end_of(process.stderr))
        return process

    async def _exchange(self, request: dict[str, Any], files: Sequence[int]) -> dict[str, Any]:
        assert self._line is not None  # noqa: S101 - it was started
        # Far less than a socket holds, and one at a time: it never has to wait.
        socket.send_fds(self._line, [json.dumps(request).encode()], files)
        return await self._read()

    async def _read(self) -> dict[str, Any]:
        assert self._answers is not None  # noqa: S101 - it was started
        line = await self._answers.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _fault(self, reason: AudioFailure, **told: object) -> InternalError:
        """Log and count a fault of ours."""
        self._failed(reason)
        failure = InternalError()
        _log.error("audio_worker_failed", reason=reason, error_id=failure.error_id, **told)
        return failure

    def _lost(self, reason: AudioFailure, message: str, **told: object) -> InvalidAudio:
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
