"""The record of a transcription: one line of the log, and the metrics.

The line holds the fields of `TranscriptionRecord` alone: never a token, a key, audio or text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, cast

import structlog

from shared_schema.errors import ERRORS
from transcription.errors import InternalError, ProviderError, TranscriptionError
from transcription.identity.verifier import User
from transcription.ledger.base import Kind
from transcription.process import tracing
from transcription.process.logs import Bounded
from transcription.process.metrics import Metrics, Place, Status
from transcription.providers.health import ProviderHealth

_NOT_TRACED: Final = frozenset({"user_id", "trace_id"})
_OURS: Final = frozenset(code for code, row in ERRORS.items() if row.is_ours)

_log = structlog.get_logger("utter.transcription")


@dataclass(slots=True, kw_only=True)
class TranscriptionRecord:
    """The record of one transcription when it ends. Empty fields are left out."""

    kind: Kind
    direct: bool | None = None
    """Whether the client carried it, and talked to the provider by itself."""
    provider: str | None = None
    """Who served it, or was to."""
    passed_over: tuple[str, ...] | None = None
    """Providers that came before it in the order, and did not take the work."""
    model: str | None = None
    language: str | None = None
    session_id: str | None = None
    resumes: str | None = None
    provider_request_id: str | None = None
    user_id: str | None = None
    anonymous: bool | None = None
    own_key: bool | None = None
    """True: with a key of the user's own."""
    status: Status = "refused"
    code: str | None = None
    """The error or reason told to the client."""
    error_id: str | None = None
    close_code: int | None = None
    wall_seconds: float | None = None
    audio_seconds: float | None = None
    ready_ms: float | None = None
    first_delta_ms: float | None = None
    finish_ms: float | None = None
    bytes_in: int | None = None
    frames: int | None = None
    deltas: int | None = None
    cost_microdollars: int | None = None
    trace_id: str | None = None

    def is_of(self, user: User) -> None:
        """Take down who calls."""
        self.user_id, self.anonymous = user.id, user.is_anonymous


class Records:
    """Where one process records its transcriptions.

    Args:
        metrics: Where they are counted.
        healths: Of the providers, in order; told what each made of them.
    """

    def __init__(self, metrics: Metrics, healths: Sequence[ProviderHealth]) -> None:
        self._metrics = metrics
        self._healths = {one.name: one for one in healths}
        self._first = healths[0].name
        self._strangers = Bounded()

    def new(self, kind: Kind, *, direct: bool | None = None) -> TranscriptionRecord:
        """Return the record of a transcription that begins."""
        return TranscriptionRecord(kind=kind, provider=self._first, direct=direct)

    def passed_over(self, provider: str, error: ProviderError) -> None:
        """Count a provider's failure that no client hears of: another one is tried."""
        _log.warning("provider_passed_over", provider=provider, reason=error.reason)
        self._metrics.provider_failures.labels(provider, error.reason).inc()
        self._healths[provider].failed(error)

    def tell(
        self,
        record: TranscriptionRecord,
        error: TranscriptionError | None = None,
        *,
        is_logged: bool = True,
        counted_seconds: float | None = None,
    ) -> None:
        """Write the line of a transcription that ended, and count it.

        Lines of callers who were not identified are bounded; all of them are counted.

        Args:
            record: All that is known of it.
            error: What ended it.
            is_logged: False: it is counted alone.
            counted_seconds: Seconds of audio to count; those of the record by default.
        """
        if error is not None:
            record.code = error.code
        if isinstance(error, InternalError):
            record.error_id = error.error_id
        if is_logged and (record.user_id is not None or self._strangers.allows()):
            log_transcription(record)
        self._count(record, error, counted_seconds)

    def _count(
        self, record: TranscriptionRecord, error: TranscriptionError | None, seconds: float | None
    ) -> None:
        metrics, kind = self._metrics, record.kind
        metrics.transcriptions.labels(kind, record.status).inc()
        if error is not None:
            metrics.errors.labels(kind, error.code).inc()
        provider = record.provider or self._first
        if isinstance(error, ProviderError):
            metrics.provider_failures.labels(provider, error.reason).inc()
        if record.session_id is not None and record.status != "refused":
            place: Place = "first" if provider == self._first or record.own_key else "next"
            metrics.provider_served.labels(kind, provider, place).inc()
        if not record.direct:
            self._know(record, error)
        for milliseconds, histogram in (
            ((record.finish_ms, metrics.provider_file_seconds),)
            if kind == "batch"
            else (
                (record.ready_ms, metrics.ready_seconds),
                (record.first_delta_ms, metrics.first_delta_seconds),
                (record.finish_ms, metrics.finish_seconds),
            )
        ):
            if milliseconds is not None:
                histogram.observe(milliseconds / 1000)
        seconds = record.audio_seconds if seconds is None else seconds
        if seconds is not None:
            metrics.audio_seconds.labels(kind).inc(seconds)
            metrics.session_audio_seconds.labels(kind).observe(seconds)
        if kind == "realtime":
            metrics.deltas.inc(record.deltas or 0)
        if record.cost_microdollars is not None:
            metrics.cost.labels(kind).inc(record.cost_microdollars)

    def _know(self, record: TranscriptionRecord, error: TranscriptionError | None) -> None:
        """Tell the provider's health what came of a session or a call."""
        health = self._healths[record.provider or self._first]
        if isinstance(error, ProviderError):
            health.failed(error)
        elif error is None and record.session_id and (record.deltas or record.status == "complete"):
            health.worked()


_FIELDS: Final = tuple(field.name for field in fields(TranscriptionRecord))


def log_transcription(record: TranscriptionRecord) -> None:
    """Write the wide line of a transcription that ended, and tell its trace the same."""
    record.trace_id = tracing.trace_id()
    told = {name: value for name in _FIELDS if (value := getattr(record, name)) is not None}
    _log.info("transcription", **told)
    tracing.describe(
        failure=record.code if record.code in _OURS else None,
        **cast("tracing.Attributes", {name: told[name] for name in told.keys() - _NOT_TRACED}),
    )
