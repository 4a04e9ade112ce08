"""The workers' processes as the server holds them."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process

from local_stack.provider.offline.frames import HEADER, Job, Kind, pack, read_async
from local_stack.provider.offline.models import Model

_EXIT_SECONDS = 2.0
_PID_BYTES = 4


class Worker:
    """One process and the socket to it. `stop` must be called, also after a crash."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self._reader = reader
        self._reading = asyncio.Lock()
        self._writer = writer
        self._stopping: asyncio.Task[None] | None = None

    async def send(self, kind: Kind, payload: bytes = b"") -> None:
        """Send one message; waits while the worker is behind. A dead worker takes nothing."""
        try:
            self._writer.write(pack(kind, payload))
            await self._writer.drain()
        except ConnectionError:
            return

    async def receive(self) -> tuple[Kind, bytes] | None:
        """The worker's next message; None once it ended or died."""
        async with self._reading:
            return await read_async(self._reader)

    async def stop(self) -> None:
        """Let the process end, by force if it takes too long; return when it is gone."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(), name="worker-stop")
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        try:
            self._writer.write_eof()
            try:
                async with asyncio.timeout(_EXIT_SECONDS):
                    await self._gone()
            except TimeoutError:
                # It still holds its socket, so the id is still its own.
                os.kill(self.pid, signal.SIGKILL)
                await self._gone()
        except OSError:
            pass  # gone by itself, which is all that was wanted
        finally:
            self._writer.close()

    async def _gone(self) -> None:
        # A task that still waits in `receive` sees the same end, or is cancelled.
        async with self._reading:
            while await self._reader.read(65_536):
                pass


class Nursery:
    """The process that workers are forked from, started again should it die.

    Args:
        model: What it loads.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = asyncio.Lock()
        self._process: Process | None = None
        self._control: socket.socket | None = None

    async def open(self) -> float | None:
        """Start it and wait until the model is loaded.

        Returns:
            CPU seconds that a second of live audio costs; None where that was not measured.

        Raises:
            RuntimeError: The model cannot be loaded; the message is one line.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "local_stack.provider.offline.nursery",
                    self._model.dumps(),
                    stdin=theirs.fileno(),
                    # Ctrl-C is for the server, which then ends its sessions in order.
                    start_new_session=True,
                )
            self._control = ours
            head = await self._receive(HEADER.size)
            if len(head) < HEADER.size:
                raise RuntimeError("the offline engine could not load its model")
            kind, size = HEADER.unpack(head)
            told = json.loads(await self._receive(size))
            if kind == Kind.UNABLE:
                raise RuntimeError(told)
            return None if told is None else float(told)
        except BaseException:
            ours.close()
            await self.close()
            raise

    async def start(self, job: Job) -> Worker:
        """Start a worker.

        Raises:
            RuntimeError: No process can be started.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = await self._fork(job, theirs)
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException:
            # A worker that starts all the same finds its socket at an end, and exits.
            ours.close()
            raise
        return Worker(pid, reader, writer)

    async def close(self) -> None:
        """End it; workers end with their own sockets."""
        if self._control is not None:
            self._control.close()
            self._control = None
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(_EXIT_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _fork(self, job: Job, link: socket.socket) -> int:
        async with self._lock:
            for _ in range(2):
                if self._control is None or self._process is None:
                    await self.open()
                assert self._control is not None  # noqa: S101 - `open` set it
                try:
                    socket.send_fds(self._control, [bytes([job])], [link.fileno()])
                    answer = await self._receive(_PID_BYTES)
                except OSError:
                    answer = b""
                if len(answer) == _PID_BYTES:
                    return int.from_bytes(answer, "big")
                await self.close()
        raise RuntimeError("the offline engine could not start a process")

    async def _receive(self, size: int) -> bytes:
        assert self._control is not None  # noqa: S101 - called between open and close
        loop = asyncio.get_running_loop()
        received = b""
        while len(received) < size:
            more = await loop.sock_recv(self._control, size - len(received))
            if not more:
                break
            received += more
        return received
