"""One realtime session on an upgraded socket; what is said on it is each wire's own."""

import asyncio
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from local_stack.provider.engine import Abort, Close, Engine, Event, RealtimeSession, Verbatim
from local_stack.provider.records import RealtimeRecord, Record

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Line:
    """One upgraded connection, and what goes with it.

    Attributes:
        socket: The connection; its conversation alone reads and writes it.
        session: The engine's side; the caller closes it.
        record: Where to tell what came.
        keep: How much of it.
    """

    socket: ServerConnection
    session: RealtimeSession
    record: RealtimeRecord
    keep: Record


class Conversation(ABC):
    """Speaks a wire on one socket, between its client and an engine's session.

    Args:
        engine: What hears.
        line: The socket, and the session that the engine began for it.
    """

    def __init__(self, engine: Engine, line: Line) -> None:
        self._engine = engine
        self._socket = line.socket
        self._session = line.session
        self._record = line.record
        self._keep_all = line.keep == "full"
        self._keep_rare = line.keep != "none"

    @abstractmethod
    async def _greet(self) -> None:
        """Say the first word."""

    @abstractmethod
    async def _hear(self, raw: str | bytes) -> None:
        """Take in a message of the client's."""

    @abstractmethod
    async def _tell(self, event: Event) -> None:
        """Say what the engine hears, if the wire has words for it."""

    async def run(self) -> None:
        """Converse until the socket is closed by either end."""
        async with asyncio.TaskGroup() as group:
            conversation = group.create_task(self._converse(), name="realtime-converse")
            await self._socket.wait_closed()
            conversation.cancel()

    async def _converse(self) -> None:
        await self._session.start()
        await self._greet()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name="realtime-read")
            group.create_task(self._write(), name="realtime-write")

    async def _read(self) -> None:
        """Take what the client sends, as fast as the engine takes it."""
        try:
            async for raw in self._socket:
                await self._hear(raw)
        except ConnectionClosed:
            return

    async def _write(self) -> None:
        """Tell the client what the engine hears."""
        async for event in self._session.events():
            await self._say(event)

    async def _say(self, event: Event) -> None:
        if isinstance(event, Abort):
            self._socket.transport.abort()
        elif isinstance(event, Close):
            await self._socket.close(event.code, event.reason)
        elif isinstance(event, Verbatim):
            await self._send_text("verbatim", event.data)
        else:
            await self._tell(event)

    def _note(self, pcm: bytes) -> None:
        """Record audio that came."""
        record = self._record
        record.frames += 1
        record.audio_bytes += len(pcm)
        if self._keep_all:
            record.audio += pcm

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(message["type"], encode(message))

    async def _send_text(self, kind: str, text: str) -> None:
        if self._keep_all or (self._keep_rare and not kind.endswith(".delta")):
            self._record.sent.append(kind)
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            # `run` sees the same and ends this task.
            await asyncio.get_running_loop().create_future()
