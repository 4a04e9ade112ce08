"""A process that serves, and drains on a signal."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import uvicorn

from edge_functions.app import create_app
from edge_functions.composition import upkeeping
from edge_functions.connection import Connection, Timeouts
from edge_functions.services import Services
from transcription.process.connection_limiter import ConnectionLimiter
from transcription.process.metrics_server import serve_metrics
from transcription.process.shell import BACKLOG, Address

GRACE_SECONDS: Final = 5
"""For answers that are on their way when everything else has ended."""
KEEP_ALIVE_SECONDS: Final = 130
"""Longer than proxies keep a connection that nothing uses, so that it is theirs to close."""
LOOK_SECONDS: Final = 0.5
"""Between two looks at the clock for every connection."""


class _Uvicorn(uvicorn.Server):
    """uvicorn, whose signals are ours."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def stop_listening(self) -> None:
        """Take no further connection; those that are open go on.

        A proxy that cannot connect sends even a POST elsewhere, for nothing of it was sent yet.
        """
        for listening in self.servers:
            listening.close()

    async def keep_time(self) -> None:
        """Let every connection look at the clock, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for connection in tuple(self.server_state.connections):
                assert isinstance(connection, Connection)  # noqa: S101 - as configured
                connection.look(loop.time())


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[Address]:
    """Listen for as long as the block runs.

    Raises:
        OSError: a port is taken.
    """
    settings = services.shell.settings
    config = uvicorn.Config(
        create_app(services),
        http=_connections(services),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with (
        _listening(settings.functions_host, settings.functions_port) as listener,
        serve_metrics(
            services.shell.metrics, settings.functions_metrics_host, settings.functions_metrics_port
        ) as metrics_port,
    ):
        server = _Uvicorn(config)
        async with upkeeping(services), asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]), name="http")
            clock = group.create_task(server.keep_time(), name="clock")
            try:
                await server.up.wait()
                yield Address(listener.getsockname()[1], metrics_port, server.stop_listening)
            finally:
                clock.cancel()
                server.should_exit = True
                await serving


def _connections(services: Services) -> Any:
    """Return what makes a connection, for uvicorn."""
    settings = services.shell.settings
    return partial(
        Connection,
        limiter=ConnectionLimiter(
            limit=settings.functions_max_connections,
            per_network=settings.functions_max_connections_per_address,
        ),
        is_direct=settings.trusted_proxy_hops == 0,
        timeouts=Timeouts(settings.functions_head_seconds, settings.functions_unread_seconds),
        turned_away=services.shell.metrics.sockets_turned_away,
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as listener:
        yield listener
