"""An ASGI application on a loopback socket, up before it is announced."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from local_stack.errors import NotLoopbackError, PortBusyError

GRACE_SECONDS = 5


def is_loopback(host: str) -> bool:
    """Whether this machine alone reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(what: str, host: str, port: int) -> socket.socket:
    """A listening socket.

    Args:
        what: Who wants it, for the message.
        host: A loopback address.
        port: 0 takes a free one.

    Raises:
        PortBusyError: Another process listens there.
        NotLoopbackError: The address is open to others.
    """
    if not is_loopback(host):
        raise NotLoopbackError(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortBusyError(what, host, port) from error
        raise
    # asyncio sets this only on sockets that name their protocol; what is accepted inherits it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address that clients of a listening socket use."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to its caller."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def serve(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve until the block ends; open requests get a few seconds to end."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,  # a URL may carry a signed token
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="gateway")
    serving.add_done_callback(lambda _: server.up.set())  # a failed start must not wait for ever
    try:
        await server.up.wait()
        yield
    finally:
        server.should_exit = True
        await serving
