"""Compose the bridge, serve it, let it drain."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, cast

import structlog
from websockets.asyncio.server import ServerConnection, serve

from shared_schema import limits
from transcription.ledger.heartbeat import Heartbeat
from transcription.process import tracing
from transcription.process.connection_limiter import ConnectionLimiter
from transcription.process.metrics_server import serve_metrics
from transcription.process.shell import BACKLOG, Address, Shell
from transcription.providers.base import RealtimeProvider
from transcription.user_keys.providers import Providers
from ws_bridge.admission import Admission
from ws_bridge.bridge import Bridge
from ws_bridge.client_socket import Socket
from ws_bridge.handshake import HandshakeGuard, socket_logger
from ws_bridge.messages import parse
from ws_bridge.refusals import Refusals
from ws_bridge.relay import CLOSE_SECONDS, Relay
from ws_bridge.session import Timing
from ws_bridge.watchdog import Timeouts

MAX_FRAME_BYTES: Final = limits.MAX_MESSAGE_BYTES
"""A message up to this size is read before it is refused; a larger one is refused unread."""
_WRITE_LIMIT: Final = 32_768
_DRAIN_HEARTBEAT_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class App:
    """A bridge, composed of its parts.

    Args:
        shell: What both services have in common; the caller closes it.
        providers: Open sessions with each user's key; None where live transcription is off.
    """

    def __init__(self, shell: Shell, providers: Providers[RealtimeProvider] | None) -> None:
        parse('{"type":"stop"}')  # builds the validators that the first session would wait for
        self._shell = shell
        self._settings = settings = shell.settings
        self.metrics = shell.metrics
        self.bridge = Bridge(
            sessions=ConnectionLimiter(
                limit=settings.bridge_max_sessions,
                per_network=settings.bridge_max_sessions_per_address,
                grace_seconds=math.inf,  # a session that was let in is never ended for another
            ),
            pending=ConnectionLimiter(
                limit=settings.bridge_max_pending,
                per_network=settings.bridge_max_pending_per_address,
            ),
            metrics=self.metrics,
        )
        # Twice as many: those that are shaking hands or are being closed take room too.
        self._strangers = ConnectionLimiter(
            limit=2 * settings.bridge_max_pending,
            per_network=2 * settings.bridge_max_pending_per_address,
        )
        self._heartbeat = Heartbeat(
            shell.ledger, interval_seconds=settings.bridge_heartbeat_seconds
        )
        self._admission = Admission(
            shell,
            providers=providers,
            bridge=self.bridge,
            heartbeat=self._heartbeat,
            refusals=Refusals(max_opening=settings.bridge_max_opening_per_user),
        )
        self._timing = Timing(
            start=settings.bridge_start_timeout_seconds,
            finish=settings.provider_finish_seconds,
            ending_soon=settings.bridge_ending_soon_seconds,
            slack=settings.bridge_slack_seconds,
            timeouts=Timeouts(
                audio=settings.bridge_idle_timeout_seconds,
                ping_interval=settings.bridge_ping_interval_seconds,
                ping_timeout=settings.bridge_ping_timeout_seconds,
                provider=settings.provider_stall_seconds,
            ),
        )
        self._guard = HandshakeGuard(
            verifier=shell.verifier,
            origins=frozenset(settings.allowed_origins),
            proxy_hops=settings.trusted_proxy_hops,
            readiness=lambda: shell.readiness(draining=self.bridge.draining),
            refused=self.metrics.handshakes_refused,
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Address]:
        """Listen for as long as the block runs; what is left then ends at once, with its text."""
        settings = self._settings
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(self.bridge.keep_time(), name="clock"),
                group.create_task(self._heartbeat.run(), name="heartbeat"),
                group.create_task(self._shell.warm_up(), name="warm-up"),
                group.create_task(self._shell.lineup.watch(), name="health"),
            ]
            with serve_metrics(
                self.metrics, settings.bridge_metrics_host, settings.bridge_metrics_port
            ) as metrics_port:
                server = await serve(
                    self._handle,
                    settings.bridge_host,
                    settings.bridge_port,
                    process_request=self._guard.check,
                    create_connection=cast("type[Socket]", self._socket),
                    compression=None,
                    # The session pings a client that has gone quiet. A pong behind audio that
                    # is not read yet would look like a dead client to a pinger on a timer.
                    ping_interval=None,
                    open_timeout=settings.bridge_start_timeout_seconds,
                    close_timeout=CLOSE_SECONDS,
                    max_size=MAX_FRAME_BYTES,
                    write_limit=_WRITE_LIMIT,
                    server_header=None,
                    logger=socket_logger(),
                    reuse_port=settings.bridge_reuse_port or None,
                    backlog=BACKLOG,
                )
                try:
                    port = next(iter(server.sockets)).getsockname()[1]
                    yield Address(port, metrics_port)
                finally:
                    server.close(close_connections=False)
                    self.bridge.end(asyncio.get_running_loop().time())
                    await server.wait_closed()
                    for task in background:
                        task.cancel()

    async def drain(self, seconds: float | None = None) -> None:
        """Take nothing more; return when every session has ended, or was ended at the deadline."""
        seconds = self._settings.bridge_drain_seconds if seconds is None else seconds
        _log.info("draining", sessions=self.bridge.open_sessions, seconds=seconds)
        now = asyncio.get_running_loop().time()
        self.bridge.drain(seconds, now)
        self._heartbeat.hurry(_DRAIN_HEARTBEAT_SECONDS)
        # After the deadline come the provider's last words and the socket's close.
        grace = self._settings.provider_finish_seconds + CLOSE_SECONDS + 1.0
        try:
            async with asyncio.timeout(seconds + grace):
                await self.bridge.wait_empty()
        except TimeoutError:
            _log.warning("drain_incomplete", sessions=len(self.bridge))

    @property
    def _socket(self) -> partial[Socket]:
        return partial(
            Socket,
            limiter=self._strangers,
            is_direct=self._settings.trusted_proxy_hops == 0,
            turned_away=self.metrics.sockets_turned_away,
        )

    async def _handle(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Socket)  # noqa: S101 - made by `create_connection`
        relay = Relay(
            socket,
            socket.caller,
            bridge=self.bridge,
            admission=self._admission,
            records=self._shell.records,
            timing=self._timing,
            slow_seconds=self._settings.bridge_slow_consumer_seconds,
        )
        with tracing.root("session", socket.caller.traceparent):
            await relay.run()
