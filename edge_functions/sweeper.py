"""What crashes and changes of mind left behind is removed, again and again."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Final

import structlog

from edge_functions.storage import Storage
from edge_functions.voice_table import VoiceTable
from transcription.errors import TranscriptionError
from transcription.process.metrics import Metrics
from transcription.rpc import Rpc

MOST_AT_ONCE: Final = 1000
"""Objects that one call of the storage API removes."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Swept:
    """How much was removed."""

    voices: int = 0
    """Whose recording never arrived."""
    recordings: int = 0
    """Takes that were not used for a day, and recordings of voices that are gone."""
    leases: int = 0
    """Of sessions that died."""
    keys: int = 0
    """Idempotency keys, after their day."""
    addresses: int = 0
    """Of anonymous callers and of accounts that are gone, after their day."""
    usage_rows: int = 0
    """Older than the deployment keeps them."""


class Sweeper:
    """Sweeps; any number may do so at once.

    Args:
        rpc: With the secret key.
        storage: Where recordings are.
        voices: Where voices are.
        metrics: Where it is counted.
    """

    def __init__(self, *, rpc: Rpc, storage: Storage, voices: VoiceTable, metrics: Metrics) -> None:
        self._rpc = rpc
        self._storage = storage
        self._voices = voices
        self._metrics = metrics

    async def sweep(self) -> Swept:
        """Sweep once.

        Raises:
            BackendUnavailable: something is left for the next time.
        """
        swept = Swept()
        ledger = await self._rpc.call("sweep_ledger")
        swept.leases = ledger["expired_leases"]
        swept.keys = ledger["forgotten_keys"]
        swept.addresses = ledger["forgotten_addresses"]
        swept.usage_rows = ledger["deleted_rows"]
        if ledger["wrong_totals"]:
            # Not of a race: rows and totals change together. One was changed by hand.
            _log.error("ledger_totals_wrong", totals=ledger["wrong_totals"])
        async for voices in self._pending_voices():
            # The object first: with the row gone, nothing would tell its name for an hour.
            await self._storage.remove([voice["storage_path"] for voice in voices])
            await self._voices.delete_pending([voice["id"] for voice in voices])
            swept.voices += len(voices)
        after: str | None = ""
        while after is not None:
            answer = await self._rpc.call("sweepable_objects", after=after)
            for at in range(0, len(answer["names"]), MOST_AT_ONCE):
                recordings = answer["names"][at : at + MOST_AT_ONCE]
                await self._storage.remove(recordings)
                swept.recordings += len(recordings)
            after = answer["next"]
        for kind, count in asdict(swept).items():
            self._metrics.swept.labels(kind).inc(count)
        self._metrics.swept_at.set_to_current_time()
        _log.info("swept", **asdict(swept))
        return swept

    async def _pending_voices(self) -> AsyncIterator[list[dict[str, str]]]:
        """Iterate over leftovers, a thousand at a time, until none are named that are new."""
        seen: set[str] = set()
        while True:
            answer = await self._rpc.call("sweepable_voices")
            named = [one for one in answer if one["id"] not in seen]
            if not named:
                return
            seen.update(one["id"] for one in named)
            yield named

    async def run(self, seconds: float) -> None:
        """Sweep every so many seconds, more or less, so that replicas do not do it in step."""
        self._metrics.swept_at.set_to_current_time()
        while True:
            await asyncio.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            try:
                await self.sweep()
            except TranscriptionError as error:
                _log.warning("sweep_failed", code=error.code)
            except Exception:
                # A bug here must not end the process that serves.
                _log.exception("sweep_failed")
