"""One port for both halves of the wire: HTTP on uvicorn, realtime on websockets.

uvicorn reads every request's head. An upgrade it hands to `_Upgraded`, which is a connection of
the `websockets` server; from then on uvicorn has no part in that socket, so that a frame costs
what it costs on a `websockets` server of its own.
"""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState
from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.http11 import Response as Answer
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from local_stack.provider.conversation import Line
from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.mistral.wire import MistralWire
from local_stack.provider.records import BatchRecord, RealtimeRecord, Record
from local_stack.provider.wire import Wire

MAX_MESSAGE_BYTES = 1024 * 1024
"""Greatest WebSocket message; above what an append may hold, so that one that is merely too
large gets an event instead of losing its socket."""

_REALTIME = Subprotocol("realtime")
_STATUSES = frozenset(HTTPStatus)


class ProviderServer:
    """A running server, and what it saw.

    Attributes:
        url: `http://host:port`; what `MISTRAL_SERVER_URL` takes.
        sessions: One record per realtime connect, accepted or refused, in order.
        requests: One record per file sent, in order.
    """

    def __init__(self, engine: Engine, wire: Wire, record: Record) -> None:
        self.url = ""
        self.sessions: list[RealtimeRecord] = []
        self.requests: list[BatchRecord] = []
        self._engine = engine
        self._wire = wire
        self._record = record
        self._admitted: dict[ServerConnection, tuple[RealtimeSession, RealtimeRecord]] = {}
        self._attendants: set[asyncio.Task[None]] = set()
        self._closing = False

    async def listen(self, listener: socket.socket) -> None:
        """Serve on this bound socket until `close`."""
        self._realtime = Server(
            self._converse,
            process_response=self._admit,
            open_timeout=None,
            server_header=None,
        )
        self._app = self._wire.http(self._engine, self.requests, self._record)
        config = uvicorn.Config(
            self._http,
            http=_Http,
            ws=_Upgraded,
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        config.load()
        self._state = ServerState()
        app_state = {"realtime": self._realtime}

        def connection() -> asyncio.Protocol:
            return _Http(config=config, server_state=self._state, app_state=app_state)

        loop = asyncio.get_running_loop()
        self._realtime.wrap(await loop.create_server(connection, sock=listener))
        host, port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def close(self) -> None:
        """Close every socket (1001) and wait until nothing is left of any session."""
        self._closing = True
        requests = list(self._state.tasks)
        for task in requests:
            task.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        for connection in list(self._state.connections):
            connection.shutdown()
        self._realtime.close()
        await self._realtime.wait_closed()
        if self._attendants:
            await asyncio.wait(self._attendants)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._closing:
                raise
            # `close` cancelled it and awaits its end; to uvicorn, cancelled would be a fault.
            scope["state"]["abort"]()
            await asyncio.sleep(0)  # for uvicorn to see that the connection is gone

    async def _admit(
        self, connection: ServerConnection, request: Handshake, response: Answer
    ) -> Answer | None:
        """Let a handshake that is sound become a session, or answer why not."""
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        record = RealtimeRecord(headers, request_id=uuid.uuid4().hex)
        if self._record != "none":
            self.sessions.append(record)
        session: RealtimeSession | None = None
        try:
            session = await self._wire.connect(self._engine, request.path, record)
        except RefusedError as error:
            record.status = error.status
            return self._refuse(error)
        finally:
            if session is None:
                record.closed.set()
        record.status = response.status_code
        record.open = True
        self._admitted[connection] = (session, record)
        attendant = asyncio.create_task(self._attend(connection), name="realtime-attend")
        self._attendants.add(attendant)
        attendant.add_done_callback(self._attendants.discard)
        return None

    def _refuse(self, error: RefusedError) -> Answer:
        refusal = self._wire.refusal(error)
        phrase = HTTPStatus(error.status).phrase if error.status in _STATUSES else ""
        headers = Headers(refusal.headers)
        headers["Content-Length"] = str(len(refusal.body))
        headers["Connection"] = "close"
        return Answer(refusal.status, phrase, headers, refusal.body)

    async def _converse(self, connection: ServerConnection) -> None:
        session, record = self._admitted[connection]
        line = Line(connection, session, record, self._record)
        await self._wire.conversation(self._engine, line).run()

    async def _attend(self, connection: ServerConnection) -> None:
        """Give back a session when its socket is down, also if it never got to speak."""
        session, record = self._admitted[connection]
        await connection.wait_closed()
        record.open = False
        received = connection.protocol.close_rcvd
        record.close_code = received.code if received else None
        try:
            await session.close()
        finally:
            del self._admitted[connection]
            record.closed.set()


class _Http(H11Protocol):
    """uvicorn's connection, which lets a request cut it: `request.state.abort()`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


class _Upgraded(ServerConnection):
    """A `websockets` connection as uvicorn makes one for an upgrade.

    No extension is offered: compression would cost more than the audio it saves.
    """

    def __init__(
        self, *, config: uvicorn.Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(
            ServerProtocol(max_size=MAX_MESSAGE_BYTES, select_subprotocol=_subprotocol),
            app_state["realtime"],
            close_timeout=1,
        )


def _subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Agree to `realtime`; the secret that a browser offers beside it is not told back."""
    return _REALTIME if _REALTIME in offered else None


@asynccontextmanager
async def serve(
    engine: Engine,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    record: Record = "full",
    wire: Wire | None = None,
) -> AsyncIterator[ProviderServer]:
    """Serve a wire with this engine; leaving the block ends every session.

    Args:
        engine: What hears; entered and left here.
        host: Address to listen on.
        port: TCP port; 0 takes a free one.
        record: How much of what comes is kept for `sessions` and `requests`.
        wire: The protocol to speak; None: Mistral's.

    Raises:
        OSError: The port is taken, before the engine was entered.
    """
    listener = socket.create_server((host, port), backlog=1024)
    # asyncio sets this only on sockets that name their protocol: without it, of two short events
    # the second waits 40 ms for the client's delayed ACK. What is accepted inherits it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        async with engine:
            server = ProviderServer(engine, wire or MistralWire(), record)
            await server.listen(listener)
            try:
                yield server
            finally:
                await server.close()
    finally:
        listener.close()
