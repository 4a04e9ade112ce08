"""How bytes look on the sockets: the interface between the server and a wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp
from websockets.asyncio.server import ServerConnection

from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.records import BatchRecord, RealtimeRecord, Record


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that refuses a request or handshake."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """One provider's protocol over any engine."""

    def http(self, engine: Engine, requests: list[BatchRecord], keep: Record) -> ASGIApp:
        """The HTTP half, which adds a record for every file.

        Every request's state has `abort`, a function that cuts its connection.
        """

    async def connect(self, engine: Engine, target: str, record: RealtimeRecord) -> RealtimeSession:
        """Begin a session for a handshake.

        Args:
            engine: What hears.
            target: Path and query of the handshake.
            record: Has the headers; takes the model.

        Raises:
            RefusedError: The handshake is to be refused.
        """

    def refusal(self, error: RefusedError) -> Refusal:
        """How this wire refuses."""

    async def converse(
        self,
        engine: Engine,
        socket: ServerConnection,
        session: RealtimeSession,
        record: RealtimeRecord,
        keep: Record,
    ) -> None:
        """Speak on an upgraded socket until it is down."""
