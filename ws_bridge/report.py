"""What is told of a session when it has ended: one log line, and the metrics."""

from typing import Final

from shared_schema import audio
from transcription.errors import InternalError, ProviderError
from transcription.identity.verifier import User
from transcription.process import tracing
from transcription.process.metrics import Metrics
from transcription.process.record import TranscriptionRecord, log_transcription
from transcription.providers.base import RealtimeOptions
from transcription.providers.health import ProviderHealth
from ws_bridge.session import Session

_KIND: Final = "realtime"


class Report:
    """Gathers what a session's wide line holds.

    Args:
        metrics: Where it is counted.
        health: Told what the provider made of it.
        provider: The provider's name.
    """

    def __init__(self, metrics: Metrics, health: ProviderHealth, provider: str) -> None:
        self._metrics = metrics
        self._health = health
        self._record = TranscriptionRecord(kind=_KIND, provider=provider)

    def identified(self, user: User) -> None:
        """The caller is known."""
        self._record.user_id, self._record.anonymous = user.id, user.is_anonymous

    def paying(self, *, own_key: bool) -> None:
        """Whose key it is done with."""
        self._record.own_key = own_key or None

    def asked(self, options: RealtimeOptions) -> None:
        """The options are known."""
        self._record.model, self._record.language = options.model, options.language

    def connected(self, request_id: str | None) -> None:
        """The provider has given the session a name."""
        self._record.provider_request_id = request_id

    def settled(self, cost_microdollars: int) -> None:
        """The ledger has told what it cost."""
        self._record.cost_microdollars = cost_microdollars

    def tell(self, session: Session, now: float) -> None:
        """Write the line and count."""
        record, error = self._record, session.error
        record.status = session.status
        record.close_code = session.close_code
        record.code = session.outcome
        record.wall_seconds = round(now - session.arrived_at, 3)
        record.language = session.language or record.language
        if isinstance(error, InternalError):
            record.error_id = error.error_id
        if session.start is not None:
            record.resumes = session.start.resumes
        if session.terms is not None:
            record.session_id = session.terms.session_id
            record.audio_seconds = audio.seconds(session.handed)
            record.bytes_in = session.received
            record.frames = session.frames
            record.deltas = session.deltas
        record.ready_ms = _ms(session.started_at, session.ready_at)
        record.first_delta_ms = _ms(session.first_frame_at, session.first_delta_at)
        record.finish_ms = _ms(session.ended_at, session.closed_at)
        if session.start is not None:
            # Who asks for nothing is counted and leaves no line: strangers could fill the disk.
            log_transcription(record)
        if session.ended_at is not None and session.closed_at is not None:
            code = error.code if error is not None else None
            tracing.past("finish", session.ended_at, session.closed_at, now=now, code=code)
        self._count(session)

    def _count(self, session: Session) -> None:
        metrics, record, error = self._metrics, self._record, session.error
        metrics.transcriptions.labels(_KIND, record.status).inc()
        if error is not None:
            metrics.errors.labels(_KIND, error.code).inc()
            if isinstance(error, ProviderError):
                metrics.provider_failures.labels(record.provider or "", error.reason).inc()
                self._health.failed(error)
        elif session.deltas or session.status == "complete":
            self._health.worked()
        for milliseconds, histogram in (
            (record.ready_ms, metrics.ready_seconds),
            (record.first_delta_ms, metrics.first_delta_seconds),
            (record.finish_ms, metrics.finish_seconds),
        ):
            if milliseconds is not None:
                histogram.observe(milliseconds / 1000)
        if record.audio_seconds is not None:
            metrics.audio_seconds.labels(_KIND).inc(record.audio_seconds)
            metrics.session_audio_seconds.labels(_KIND).observe(record.audio_seconds)
            metrics.deltas.inc(session.deltas)
        if record.cost_microdollars is not None:
            metrics.cost.labels(_KIND).inc(record.cost_microdollars)


def _ms(start: float | None, end: float | None) -> float | None:
    return round((end - start) * 1000, 1) if start is not None and end is not None else None
