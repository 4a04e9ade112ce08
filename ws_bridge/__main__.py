"""`python -m ws_bridge`: one process of the bridge. More cores: more processes."""

import asyncio
import gc
import sys
from collections.abc import Iterator

import httpx
import uvloop

from transcription.ledger.supabase import SupabaseLedger
from transcription.process import tracing
from transcription.process.metrics import Metrics
from transcription.process.record import configure_logging
from transcription.providers.registry import realtime_provider
from transcription.rpc import connect
from transcription.settings import Settings, load_settings
from transcription.user_keys.providers import own_realtime
from transcription.user_keys.supabase import supabase_own_keys
from ws_bridge.app import App


async def _serve(settings: Settings) -> None:
    provider = realtime_provider(settings)
    async with (
        httpx.AsyncClient() as http,
        connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
        SupabaseLedger(rpc) as ledger,
        own_realtime(settings, supabase_own_keys(settings, rpc), provider) as own,
    ):
        metrics = Metrics()
        metrics.settlements_pending.set_function(lambda: ledger.pending)
        metrics.count_tasks(asyncio.get_running_loop())
        app = App(settings, ledger=ledger, http=http, metrics=metrics, provider=provider, own=own)
        await app.run()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings()
    configure_logging(settings.log_level)
    # What was imported stays. To look through it for garbage would stop every session for 0.1 s.
    gc.freeze()
    try:
        with tracing.exporting(settings.otel_exporter_otlp_endpoint, service="utter-bridge"):
            uvloop.run(_serve(settings))
    except* OSError as errors:
        sys.exit("\n".join(f"Cannot listen: {error}" for error in _leaves(errors)))


def _leaves(errors: BaseExceptionGroup[OSError]) -> Iterator[OSError]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


if __name__ == "__main__":
    main()
