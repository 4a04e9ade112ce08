"""The process around a service: what both services have in common, from the start to the drain."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Any, Final

import httpx
import structlog
import uvloop
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from shared_schema.redaction import redacted
from transcription.errors import ProviderError, ProviderKeyRefused, TranscriptionError
from transcription.identity.jwks import Jwks
from transcription.identity.verifier import Verifier
from transcription.ledger.base import Kind, Ledger
from transcription.ledger.supabase import SupabaseLedger
from transcription.process import tracing
from transcription.process.metrics import Metrics
from transcription.process.record import Records
from transcription.providers.base import Provider
from transcription.providers.failover import Lineup
from transcription.providers.registry import bind
from transcription.rpc import Rpc
from transcription.settings import Settings
from transcription.user_keys.base import OwnKeys
from transcription.user_keys.key_ring import KeyRing
from transcription.user_keys.supabase import SupabaseOwnKeys

BACKLOG: Final = 1024
"""Connections that the kernel holds for us: when it is full, an honest client waits a second."""
KEYS_RETRY_SECONDS: Final = 2.0
KEYS_PAUSES_SECONDS: Final = (2.0, 5.0, 10.0, 30.0)
"""Between two tries with keys that are refused."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running service listens."""

    port: int
    metrics_port: int
    stop_listening: Callable[[], None] = lambda: None
    """Called when the process must end: later connections belong to another process."""


class Shell:
    """The parts that both services have in common.

    Args:
        settings: The deployment's.
        kind: What the process does.
        ledger: Reserves and settles seconds.
        http: Client for the signing keys; the caller owns it.
        providers: Turn speech into text, in the order in which they are tried.
        own_keys: Where users' own keys are kept; None: they bring none.
        metrics: Where everything is counted.
        secret_refused: Whether Supabase refused the secret key in its last answer.
    """

    def __init__(
        self,
        settings: Settings,
        kind: Kind,
        *,
        ledger: Ledger,
        http: httpx.AsyncClient,
        providers: Sequence[Provider],
        own_keys: OwnKeys | None = None,
        metrics: Metrics | None = None,
        secret_refused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.lineup = Lineup(providers, health_seconds=settings.provider_health_seconds)
        self.providers = self.lineup.providers
        self.own_keys = own_keys
        self.metrics = metrics if metrics is not None else Metrics()
        names = [one.name for one in self.providers]
        self.metrics.expect(kind, names)
        for name in names:
            passed_over = self.metrics.provider_passed_over.labels(name)
            passed_over.set_function(partial(self.lineup.is_out, name))
        self._jwks = Jwks(settings.supabase_url, http=http)
        self.verifier = Verifier(
            issuer=settings.issuer,
            keys=self._jwks,
            secret=settings.supabase_jwt_secret,
            allow_anonymous=settings.allow_anonymous,
        )
        self.records = Records(self.metrics, tuple(self.lineup.healths.values()))
        self._secret_refused = secret_refused
        self._refused: list[str] = []
        """Settings whose keys were refused at the start."""
        self.warm = asyncio.Event()
        """Set when the first caller need not wait for what is made once."""

    def readiness(self, *, draining: bool) -> dict[str, Any]:
        """Return the body of `/readyz`: `status`, which is "ready" or why not, and the providers.

        With the status `key_refused`, `settings` names the settings whose keys are wrong.
        """
        body: dict[str, Any] = {"status": "ready", **self.lineup.told()}
        if draining:
            body["status"] = "draining"
        elif self._refused:
            body |= {"status": "key_refused", "settings": self._refused}
        elif not self.warm.is_set():
            body["status"] = "starting"
        return body

    async def warm_up(self) -> None:
        """Pay for keys, connections, models and validators before the first caller comes.

        A process whose keys are refused does not become ready: a wrong key does not roll out.
        """
        ECDSA(SHA256())  # loads OpenSSL's backend, which the first signature would wait for
        used = [one for one in self.providers if one.realtime is not None or one.files is not None]
        await asyncio.gather(*(one.warm_up() for one in used))
        pauses = chain(KEYS_PAUSES_SECONDS, repeat(KEYS_PAUSES_SECONDS[-1]))
        while refused := await self._refused_keys():
            self._refused = refused
            _log.error("keys_refused", settings=refused)
            await asyncio.sleep(next(pauses))
        self._refused = []
        while not self._jwks.ready and self.settings.supabase_jwt_secret is None:
            await self._jwks.refresh()
            if not self._jwks.ready:
                await asyncio.sleep(KEYS_RETRY_SECONDS)
        self.warm.set()
        _log.info("ready")

    async def _refused_keys(self) -> list[str]:
        refused = []
        try:
            await self.ledger.touch({})
        except TranscriptionError as error:
            _log.warning("warm_up_without_ledger", code=error.code)
            if self._secret_refused():
                refused.append("SUPABASE_SECRET_KEY")
        refuse = await asyncio.gather(*map(self._refuses, self.providers))
        wrong = [
            one.key_setting for one, refuses in zip(self.providers, refuse, strict=True) if refuses
        ]
        if len(wrong) == len(self.providers):
            refused += wrong
        elif wrong:  # the others do the work
            _log.error("provider_keys_refused", settings=wrong)
        return refused

    async def _refuses(self, provider: Provider) -> bool:
        """Whether a provider says that the deployment's key is wrong."""
        is_used = provider.realtime is not None or provider.files is not None
        if not is_used or provider.key is None or provider.check_key is None:
            return False
        try:
            await provider.check_key(provider.key)
        except ProviderError as error:
            # One that is down keeps no process from serving the rest.
            self.lineup.failed(provider, error)
            # 402 is an unpaid account, not a wrong key.
            return isinstance(error, ProviderKeyRefused) and error.status in {401, 403}
        return False

    async def aclose(self) -> None:
        """Let go of signing keys and models."""
        await self._jwks.aclose()
        for one in self.providers:
            await one.models.aclose()


@asynccontextmanager
async def opened(
    settings: Settings,
    kind: Kind,
    *,
    http: httpx.AsyncClient,
    rpc: Rpc,
    metrics: Metrics | None = None,
) -> AsyncIterator[Shell]:
    """Open what both services have in common, over Supabase, for as long as the block runs."""
    providers = bind(settings)
    owner = next((one for one in providers if one.own_keys is not None), None)
    ring = KeyRing.parse(settings.byok_keys) if settings.byok_keys is not None else None
    own_keys = (
        SupabaseOwnKeys(rpc, ring, owner.name) if ring is not None and owner is not None else None
    )
    async with SupabaseLedger(rpc) as ledger:
        shell = Shell(
            settings,
            kind,
            ledger=ledger,
            http=http,
            providers=providers,
            own_keys=own_keys,
            metrics=metrics,
            secret_refused=lambda: rpc.refused,
        )
        shell.metrics.settlements_pending.set_function(lambda: ledger.pending)
        shell.metrics.count_tasks(asyncio.get_running_loop())
        try:
            yield shell
        finally:
            await shell.aclose()


async def run(
    serving: AbstractAsyncContextManager[Address], drain: Callable[[], Awaitable[None]]
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends what is left at once."""
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (second if first.is_set() else first).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with serving as address:
        _log.info("listening", port=address.port, metrics_port=address.metrics_port)
        await first.wait()
        address.stop_listening()
        draining = asyncio.ensure_future(drain())
        hurry = asyncio.create_task(second.wait())
        await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, hurry):
            task.cancel()
        await asyncio.gather(draining, hurry, return_exceptions=True)
    _log.info("stopped")


def start(serve: Coroutine[Any, Any, None], settings: Settings, *, name: str) -> None:
    """Run a service to its end, with its traces.

    Args:
        serve: Returns when the service has drained.
        settings: The deployment's.
        name: `service.name` of its traces.
    """
    # What was imported stays. To look through it for garbage would stop everyone for 0.1 s.
    gc.freeze()
    with (
        ending_plainly(name),
        tracing.exporting(settings.otel_exporter_otlp_endpoint, service=name),
    ):
        uvloop.run(serve)


@contextmanager
def ending_plainly(name: str) -> Iterator[None]:
    """End the process with words for a person where the block fails for a reason that is known.

    Args:
        name: Of the command.

    Raises:
        SystemExit: Supabase or the provider refuses, or a port or a file cannot be had.
    """
    try:
        yield
    except* TranscriptionError as errors:
        sys.exit("\n".join(f"{name}: {one}" for one in _leaves(errors)))
    except* OSError as errors:
        sys.exit("\n".join(f"Cannot start: {redacted(str(one))}" for one in _leaves(errors)))


def _leaves(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
