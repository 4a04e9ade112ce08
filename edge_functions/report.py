"""What is told of a file's transcription when it has ended: one log line, and the metrics."""

import time
from typing import Final

import structlog

from transcription.errors import (
    InternalError,
    ProviderError,
    ProviderKeyRefused,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.process.metrics import Metrics
from transcription.process.record import TranscriptionRecord, log_transcription
from transcription.providers.base import FileOptions, TranscriptionResult
from transcription.providers.health import ProviderHealth

_KIND: Final = "batch"

_log = structlog.get_logger(__name__)


class Report:
    """Gathers what a transcription's wide line holds.

    Args:
        metrics: Where it is counted.
        health: Told what the provider made of it.
        provider: The provider's name.
        user: The caller.
    """

    def __init__(self, metrics: Metrics, health: ProviderHealth, provider: str, user: User) -> None:
        self._metrics = metrics
        self._health = health
        self._began = time.monotonic()
        self._handed: float | None = None
        self._record = TranscriptionRecord(
            kind=_KIND, provider=provider, user_id=user.id, anonymous=user.is_anonymous
        )
        self._error: TranscriptionError | None = None

    def received(self, size: int) -> None:
        """The file is here: its size in bytes."""
        self._record.bytes_in = size

    def paying(self, *, own_key: bool) -> None:
        """Whose key it is done with."""
        self._record.own_key = own_key or None

    def asked(self, options: FileOptions) -> None:
        """The options are known, as they go to the provider."""
        self._record.model, self._record.language = options.model, options.language

    def reserved(self, session_id: str, seconds: float) -> None:
        """The ledger has granted the file's whole length, in seconds."""
        self._record.session_id = session_id
        self._record.audio_seconds = seconds
        self._record.ready_ms = self._since(self._began)
        self._handed = time.monotonic()

    def told(self) -> None:
        """A piece of text went to the caller."""
        self._record.deltas = (self._record.deltas or 0) + 1
        if self._record.first_delta_ms is None and self._handed is not None:
            self._record.first_delta_ms = self._since(self._handed)

    def recognised(self, result: TranscriptionResult) -> None:
        """The provider has answered."""
        self._record.status = "complete"
        self._record.language = result.language or self._record.language
        request_id = result.provider_metadata.get("request_id")
        self._record.provider_request_id = str(request_id) if request_id is not None else None
        if self._handed is not None:
            self._record.finish_ms = self._since(self._handed)

    def settled(self, cost_microdollars: int) -> None:
        """The ledger has told what it cost."""
        self._record.cost_microdollars = cost_microdollars

    def failed(self, error: TranscriptionError) -> None:
        """It ends with an error."""
        self._error = error
        self._record.status = "partial" if self._record.deltas else "refused"
        self._record.code = error.code
        if isinstance(error, InternalError):
            self._record.error_id = error.error_id
        elif isinstance(error, ProviderKeyRefused):
            # The operator's alarm: a user can do nothing about our key.
            _log.error("provider_key_refused", status=error.status)

    def repeated(self) -> None:
        """It was answered before, under the same idempotency key."""
        self._record.status = "complete"

    def abandoned(self) -> None:
        """The caller has gone, or the process goes."""
        self._record.status = "abandoned"

    def tell(self) -> None:
        """Write the line and count."""
        record, metrics = self._record, self._metrics
        record.wall_seconds = round(time.monotonic() - self._began, 3)
        log_transcription(record)
        metrics.transcriptions.labels(_KIND, record.status).inc()
        if self._error is not None:
            metrics.errors.labels(_KIND, self._error.code).inc()
            if isinstance(self._error, ProviderError):
                reason = (record.provider or "", self._error.reason)
                metrics.provider_failures.labels(*reason).inc()
                self._health.failed(self._error)
        elif record.status == "complete" and self._handed is not None:
            self._health.worked()
        if record.audio_seconds is not None:
            metrics.audio_seconds.labels(_KIND).inc(record.audio_seconds)
            metrics.session_audio_seconds.labels(_KIND).observe(record.audio_seconds)
        if record.finish_ms is not None:
            metrics.provider_file_seconds.observe(record.finish_ms / 1000)
        if record.cost_microdollars is not None:
            metrics.cost.labels(_KIND).inc(record.cost_microdollars)

    def _since(self, moment: float) -> float:
        return round((time.monotonic() - moment) * 1000, 1)
