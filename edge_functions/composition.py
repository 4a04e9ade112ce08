"""The parts of a process, opened and closed in order."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from edge_functions.direct_sessions import DirectSessions
from edge_functions.erasure import Erasure
from edge_functions.idempotency import Idempotency
from edge_functions.in_flight import InFlight
from edge_functions.receipts import Receipts
from edge_functions.services import Services
from edge_functions.storage import TRANSFER_SECONDS, Storage
from edge_functions.sweeper import Sweeper
from edge_functions.transcriber import LEASE_SLACK_SECONDS
from edge_functions.uploads import Uploads
from edge_functions.voice_table import VoiceTable
from shared_schema.network import trusts_environment
from transcription.audio.inspection import AudioInspector, AudioLimits
from transcription.process.metrics import Metrics
from transcription.process.shell import Shell, opened
from transcription.rpc import Rpc, connect
from transcription.settings import Settings
from transcription.user_keys.providers import lending
from transcription.user_keys.supabase import SupabaseOwnKeys

SUPABASE_SECONDS: Final = 30.0
"""Between two pieces of an answer."""
CONNECT_SECONDS: Final = 5.0


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
        httpx.AsyncClient(
            timeout=timeout, trust_env=trusts_environment(settings.supabase_url)
        ) as http,
        connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
    ):
        storage, voices = Storage(settings, http), VoiceTable(settings, http)
        erasure = Erasure(settings, rpc=rpc, storage=storage, http=http)
        sweeper = Sweeper(rpc=rpc, storage=storage, voices=voices, metrics=metrics)
        yield Upkeep(http, rpc, storage, voices, erasure, sweeper)


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[Services]:
    """Open everything that a process needs, for as long as the block runs."""
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        tools = await stack.enter_async_context(upkeep(settings, metrics))
        shell = await stack.enter_async_context(
            opened(settings, "batch", http=tools.http, rpc=tools.rpc, metrics=metrics)
        )
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
        files = await stack.enter_async_context(
            lending(lambda one: one.files, shell.providers, shell.own_keys)
        )
        in_flight = InFlight(draining=metrics.draining)
        own_keys = shell.own_keys if isinstance(shell.own_keys, SupabaseOwnKeys) else None
        services = Services(
            shell=shell,
            idempotency=Idempotency(tools.rpc, hold_seconds=_hold_seconds(settings)),
            inspector=inspector,
            receipts=Receipts(settings.supabase_secret_key),
            uploads=uploads,
            storage=tools.storage,
            voices=tools.voices,
            erasure=tools.erasure,
            in_flight=in_flight,
            sweeper=tools.sweeper,
            files=files,
            direct=_direct(shell, stack),
            own_keys=own_keys,
        )
        stack.push_async_callback(in_flight.aclose)
        yield services


@asynccontextmanager
async def upkeeping(services: Services) -> AsyncIterator[None]:
    """Do what a process does beside its requests, for as long as the block runs.

    It warms up, looks after the provider's health, and sweeps.
    """
    shell = services.shell
    jobs = {"warm-up": shell.warm_up(), "health": shell.lineup.watch()}
    if seconds := shell.settings.functions_sweep_seconds:
        jobs["sweeper"] = services.sweeper.run(seconds)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _direct(shell: Shell, stack: AsyncExitStack) -> DirectSessions | None:
    settings, provider = shell.settings, shell.lineup.first
    key = None if settings.direct_mode_trusts == "own_keys" else provider.key
    if provider.secrets is None or (key is None and shell.own_keys is None):
        return None
    shell.metrics.expect("realtime", [provider.name])
    mint = provider.secrets()
    stack.push_async_callback(mint.aclose)
    return DirectSessions(
        shell,
        mint,
        key=key,
        trusts_anonymous=settings.direct_mode_trusts == "everyone",
        secret_seconds=settings.direct_mode_secret_seconds,
        secrets_per_minute=settings.direct_mode_secrets_per_minute,
    )


def _hold_seconds(settings: Settings) -> int:
    """Return how long one request may take once its body is here."""
    there_and_back = 2 * TRANSFER_SECONDS
    return math.ceil(settings.provider_file_seconds + there_and_back) + 2 * LEASE_SLACK_SECONDS
