"""Compose the bridge, serve it, let it drain."""

import asyncio
import math
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from websockets.asyncio.server import ServerConnection, serve

from shared_schema import limits
from transcription.errors import TranscriptionError
from transcription.identity.jwks import Jwks
from transcription.identity.verifier import Verifier
from transcription.ledger.base import Ledger
from transcription.ledger.heartbeat import Heartbeat
from transcription.process import tracing
from transcription.process.connection_limiter import Crowd
from transcription.process.metrics import Metrics
from transcription.process.metrics_server import serve_metrics
from transcription.providers.base import RealtimeProvider
from transcription.providers.registry import (
    chosen,
    provider_health,
    realtime_models,
    realtime_provider,
)
from transcription.settings import Settings
from transcription.user_keys.providers import OwnProviders
from ws_bridge.admission import Admission, Offer
from ws_bridge.bridge import Bridge
from ws_bridge.client_socket import Socket
from ws_bridge.handshake import Door, socket_logger
from ws_bridge.messages import parse
from ws_bridge.relay import CLOSE_SECONDS, Relay
from ws_bridge.session import Timing
from ws_bridge.watch import Patience

MAX_FRAME_BYTES: Final = 4 * limits.MAX_FRAME_BYTES
"""A message up to this size is read before it is refused; a larger one is refused unread."""
_WRITE_LIMIT: Final = 32_768
_BACKLOG: Final = 1024
"""Connections that the kernel holds for us: when it is full, an honest client waits a second."""
_KEYS_RETRY_SECONDS: Final = 2.0
_DRAIN_HEARTBEAT_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running bridge listens."""

    port: int
    metrics_port: int


class App:
    """A bridge, composed of its parts.

    Args:
        settings: The deployment's.
        ledger: Reserves and settles seconds.
        http: Client for the signing keys; the caller owns it.
        metrics: Where everything is counted.
        provider: Opens sessions; the one that the settings name when left out.
        own: Opens sessions with users' own keys; None where they bring none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        http: httpx.AsyncClient,
        metrics: Metrics | None = None,
        provider: RealtimeProvider | None = None,
        own: OwnProviders[RealtimeProvider] | None = None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self.metrics = metrics if metrics is not None else Metrics()
        self.metrics.expect("realtime", settings.transcription_provider)
        self._jwks = Jwks(settings.supabase_url, http=http)
        self._verifier = Verifier(
            issuer=settings.issuer,
            keys=self._jwks,
            secret=settings.supabase_jwt_secret,
            allow_anonymous=settings.allow_anonymous,
        )
        self._provider = provider if provider is not None else realtime_provider(settings)
        self._admission = Admission(
            verifier=self._verifier,
            ledger=ledger,
            provider=self._provider,
            offer=Offer(
                provider_name=settings.transcription_provider,
                default_model=chosen(settings).realtime_model(settings),
                models=realtime_models(settings),
                max_seconds=settings.max_audio_seconds,
            ),
            own=own,
        )
        self.bridge = Bridge(
            sessions=Crowd(
                room=settings.bridge_max_sessions,
                per_network=settings.bridge_max_sessions_per_address,
                moment_seconds=math.inf,  # nobody who was let in gives way
            ),
            pending=Crowd(
                room=settings.bridge_max_pending,
                per_network=settings.bridge_max_pending_per_address,
            ),
            metrics=self.metrics,
            health=provider_health(settings),
        )
        # Twice as many: those that are shaking hands or are being closed take room too.
        self._strangers = Crowd(
            room=2 * settings.bridge_max_pending,
            per_network=2 * settings.bridge_max_pending_per_address,
        )
        self._heartbeat = Heartbeat(ledger, interval_seconds=settings.bridge_heartbeat_seconds)
        self._timing = Timing(
            start=settings.bridge_start_timeout_seconds,
            finish=settings.provider_finish_seconds,
            ending_soon=settings.bridge_ending_soon_seconds,
            patience=Patience(
                audio=settings.bridge_idle_timeout_seconds,
                ping_interval=settings.bridge_ping_interval_seconds,
                ping_timeout=settings.bridge_ping_timeout_seconds,
                provider=settings.provider_stall_seconds,
            ),
        )
        self._door = Door(
            verifier=self._verifier,
            origins=frozenset(settings.allowed_origins),
            proxy_hops=settings.trusted_proxy_hops,
            status=self._status,
            provider=self.bridge.health.told,
            refused=self.metrics.handshakes_refused,
        )
        self._warm = False

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Address]:
        """Listen for as long as the block runs; what is left then ends at once, with its text."""
        settings = self._settings
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(self.bridge.keep_time(), name="clock"),
                group.create_task(self._heartbeat.run(), name="heartbeat"),
                group.create_task(self._warm_up(), name="warm-up"),
                group.create_task(self.bridge.health.run(), name="health"),
            ]
            with serve_metrics(
                self.metrics, settings.bridge_metrics_host, settings.bridge_metrics_port
            ) as metrics_port:
                server = await serve(
                    self._handle,
                    settings.bridge_host,
                    settings.bridge_port,
                    process_request=self._door.check,
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
                    backlog=_BACKLOG,
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
                    await self._jwks.aclose()
                    if self._provider is not None:
                        await self._provider.aclose()

    async def drain(self, seconds: float) -> None:
        """Take nothing more; return when every session has ended, or was ended at the deadline."""
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

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain; a second signal ends what is left at once."""
        loop = asyncio.get_running_loop()
        first, second = asyncio.Event(), asyncio.Event()

        def stop() -> None:
            (second if first.is_set() else first).set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        async with self.serving() as address:
            _log.info("listening", port=address.port, metrics_port=address.metrics_port)
            await first.wait()
            draining = asyncio.create_task(self.drain(self._settings.bridge_drain_seconds))
            hurry = asyncio.create_task(second.wait())
            await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
            for task in (draining, hurry):
                task.cancel()
            await asyncio.gather(draining, hurry, return_exceptions=True)
        _log.info("stopped")

    @property
    def _socket(self) -> partial[Socket]:
        return partial(
            Socket,
            crowd=self._strangers,
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
            ledger=self._ledger,
            heartbeat=self._heartbeat,
            timing=self._timing,
            slow_seconds=self._settings.bridge_slow_consumer_seconds,
        )
        with tracing.root("session", socket.caller.traceparent):
            await relay.run()

    def _status(self) -> str:
        if self.bridge.draining:
            return "draining"
        return "ready" if self._warm else "starting"

    async def _warm_up(self) -> None:
        """Pay for keys, models and validators before the first caller comes."""
        parse('{"type":"stop"}')
        ECDSA(SHA256())  # loads OpenSSL's backend, which the first signature would wait for
        if self._provider is not None:
            await self._provider.warm_up(self._admission.offer.models)
        try:
            await self._ledger.touch({})
        except TranscriptionError as error:
            _log.warning("warm_up_without_ledger", code=error.code)
        while not self._jwks.ready and self._settings.supabase_jwt_secret is None:
            await self._jwks.refresh()
            if not self._jwks.ready:
                await asyncio.sleep(_KEYS_RETRY_SECONDS)
        self._warm = True
        _log.info("ready")
