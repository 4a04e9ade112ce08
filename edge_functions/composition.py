"""The parts of a process, opened and closed in order."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from edge_functions.direct_sessions import DirectOffer, DirectSessions
from edge_functions.erasure import Erasure
from edge_functions.idempotency import Once
from edge_functions.in_flight import Work
from edge_functions.services import Services
from edge_functions.storage import TRANSFER_SECONDS, Storage
from edge_functions.sweeper import Sweeper
from edge_functions.transcriber import LEASE_SLACK_SECONDS, Offer, Recogniser
from edge_functions.uploads import Uploads
from edge_functions.voice_table import VoiceTable
from transcription.audio.inspection import AudioInspector, AudioLimits
from transcription.errors import TranscriptionError
from transcription.idempotency import IdempotencyKeys
from transcription.identity.jwks import Jwks
from transcription.identity.verifier import Verifier
from transcription.ledger.base import Ledger
from transcription.ledger.supabase import SupabaseLedger
from transcription.process.metrics import Metrics
from transcription.providers.base import Models
from transcription.providers.registry import (
    chosen,
    direct_provider,
    file_models,
    file_provider,
    provider_health,
    realtime_models,
)
from transcription.rpc import Rpc, connect
from transcription.settings import Settings
from transcription.user_keys.base import OwnKeys
from transcription.user_keys.providers import own_files
from transcription.user_keys.supabase import supabase_own_keys

SUPABASE_SECONDS: Final = 30.0
"""Between two pieces of an answer."""
CONNECT_SECONDS: Final = 5.0
KEYS_RETRY_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class Composition:
    """The parts that the functions use, and those that only the process does.

    Attributes:
        services: For the functions.
        sweeper: Removes leftovers.
    """

    def __init__(self, services: Services, sweeper: Sweeper, jwks: Jwks) -> None:
        self.services = services
        self.sweeper = sweeper
        self._jwks = jwks

    async def warm_up(self) -> None:
        """Pay for keys, connections and models before the first caller comes."""
        services = self.services
        settings = services.settings
        if services.recogniser is not None and services.recogniser.models is not None:
            models = file_models(settings) | realtime_models(settings)
            await services.recogniser.models.warm_up(models)
        try:
            await services.ledger.touch({})
        except TranscriptionError as error:
            _log.warning("warm_up_incomplete", code=error.code)
        while not self._jwks.ready and settings.supabase_jwt_secret is None:
            await self._jwks.refresh()
            if not self._jwks.ready:
                await asyncio.sleep(KEYS_RETRY_SECONDS)
        services.warm.set()
        _log.info("ready")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What needs nothing but Supabase."""

    http: httpx.AsyncClient
    rpc: Rpc
    storage: Storage
    voices: VoiceTable
    erasure: Erasure
    sweeper: Sweeper


@asynccontextmanager
async def upkeep(settings: Settings, metrics: Metrics) -> AsyncIterator[Upkeep]:
    """Open what the commands use, for as long as the block runs."""
    timeout = httpx.Timeout(SUPABASE_SECONDS, connect=CONNECT_SECONDS)
    async with (
        httpx.AsyncClient(timeout=timeout) as http,
        connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
    ):
        storage, voices = Storage(settings, http), VoiceTable(settings, http)
        erasure = Erasure(settings, rpc=rpc, storage=storage, http=http)
        sweeper = Sweeper(rpc=rpc, storage=storage, voices=voices, metrics=metrics)
        yield Upkeep(http, rpc, storage, voices, erasure, sweeper)


@asynccontextmanager
async def compose(
    settings: Settings, *, metrics: Metrics | None = None
) -> AsyncIterator[Composition]:
    """Open everything that a process needs, for as long as the block runs."""
    metrics = metrics if metrics is not None else Metrics()
    metrics.expect("batch", settings.transcription_provider)
    async with AsyncExitStack() as stack:
        tools = await stack.enter_async_context(upkeep(settings, metrics))
        ledger = await stack.enter_async_context(SupabaseLedger(tools.rpc))
        metrics.settlements_pending.set_function(lambda: ledger.pending)
        metrics.count_tasks(asyncio.get_running_loop())
        limits = AudioLimits(
            settings.min_audio_seconds, settings.max_audio_seconds, settings.max_upload_bytes
        )
        inspector = await stack.enter_async_context(
            AudioInspector(
                limits,
                workers=settings.functions_inspect_workers,
                failed=lambda reason: metrics.audio_failures.labels(reason).inc(),
            )
        )
        uploads = stack.enter_context(
            Uploads(
                settings.functions_upload_dir,
                max_open=settings.functions_max_uploads,
                per_user=settings.functions_max_uploads_per_user,
                per_network=settings.functions_max_uploads_per_address,
                max_bytes=settings.max_upload_bytes,
            )
        )
        own_keys = supabase_own_keys(settings, tools.rpc)
        jwks = Jwks(settings.supabase_url, http=tools.http)
        stack.push_async_callback(jwks.aclose)
        work = Work(draining=metrics.draining)
        recogniser = await _recogniser(settings, ledger, own_keys, stack)
        models = recogniser.models if recogniser is not None else None
        services = Services(
            settings=settings,
            metrics=metrics,
            verifier=Verifier(
                issuer=settings.issuer,
                keys=jwks,
                secret=settings.supabase_jwt_secret,
                allow_anonymous=settings.allow_anonymous,
            ),
            ledger=ledger,
            once=Once(IdempotencyKeys(tools.rpc), hold_seconds=_hold_seconds(settings)),
            inspector=inspector,
            uploads=uploads,
            storage=tools.storage,
            voices=tools.voices,
            erasure=tools.erasure,
            work=work,
            health=provider_health(settings),
            warm=asyncio.Event(),
            recogniser=recogniser,
            direct=_direct(settings, ledger, own_keys, metrics, stack, models=models),
            own_keys=own_keys,
        )
        stack.push_async_callback(work.aclose)
        yield Composition(services, tools.sweeper, jwks)


async def _recogniser(
    settings: Settings, ledger: Ledger, own_keys: OwnKeys | None, stack: AsyncExitStack
) -> Recogniser | None:
    provider = file_provider(settings)
    if provider is not None:
        stack.push_async_callback(provider.aclose)
    own = await stack.enter_async_context(own_files(settings, own_keys, provider))
    if provider is None and own is None:
        return None
    offer = Offer(
        provider_name=settings.transcription_provider,
        default_model=chosen(settings).file_model(settings),
        models=file_models(settings),
        deadline_seconds=settings.provider_file_seconds,
    )
    return Recogniser(provider=provider, ledger=ledger, offer=offer, own=own)


def _direct(
    settings: Settings,
    ledger: Ledger,
    own_keys: OwnKeys | None,
    metrics: Metrics,
    stack: AsyncExitStack,
    *,
    models: Models | None,
) -> DirectSessions | None:
    provider = direct_provider(settings)
    trusts = settings.direct_mode_trusts
    key = None if trusts == "own_keys" else chosen(settings).key(settings)
    if provider is None or (key is None and own_keys is None):  # a secret for nobody
        return None
    metrics.expect("realtime", settings.transcription_provider)
    mint = provider.secrets(settings)
    stack.push_async_callback(mint.aclose)
    offer = DirectOffer(
        provider_name=settings.transcription_provider,
        wire=provider.wire,
        default_model=chosen(settings).realtime_model(settings),
        models=realtime_models(settings),
        max_seconds=settings.max_audio_seconds,
        secret_seconds=settings.direct_mode_secret_seconds,
        secrets_per_minute=settings.direct_mode_secrets_per_minute,
        key=key,
        trusts_anonymous=trusts == "everyone",
    )
    rules = chosen(settings).own_keys
    return DirectSessions(
        mint=mint,
        ledger=ledger,
        metrics=metrics,
        offer=offer,
        own_keys=own_keys,
        title=rules.title if rules is not None else "",
        models=models,
    )


def _hold_seconds(settings: Settings) -> int:
    """Return how long one request may take once its body is here."""
    there_and_back = 2 * TRANSFER_SECONDS
    return math.ceil(settings.provider_file_seconds + there_and_back) + 2 * LEASE_SLACK_SECONDS
