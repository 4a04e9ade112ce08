"""What is counted while a recording is transcribed, and becomes its result."""

from dataclasses import dataclass, field
from typing import Literal

from shared_schema.server_messages import FinalReason, Ready
from utter_transcribe.errors import Failure
from utter_transcribe.events import Result


@dataclass(slots=True)
class Tally:
    """Counts and times; instants are seconds of the caller's clock."""

    began_at: float = 0.0
    audio_at: float | None = None
    ready_at: float | None = None
    first_delta_at: float | None = None
    deltas: int = 0
    session_ids: list[str] = field(default_factory=list)
    model: str | None = None
    language: str | None = None

    def audio(self, now: float) -> None:
        """Count a piece of the recording."""
        if self.audio_at is None:
            self.audio_at = now

    def ready(self, ready: Ready, now: float) -> None:
        """Count a session."""
        if self.ready_at is None:
            self.ready_at = now
        self.model = ready.model
        self.session_ids.append(ready.session_id)

    def delta(self, now: float) -> None:
        """Count a piece of text."""
        if self.first_delta_at is None:
            self.first_delta_at = now
        self.deltas += 1

    def result(
        self,
        text: str,
        status: Literal["complete", "partial"],
        *,
        reason: FinalReason | None,
        failure: Failure | None,
        audio_seconds: float,
    ) -> Result:
        """Return what came of it."""
        heard_from = self.began_at if self.audio_at is None else self.audio_at
        return Result(
            text=text,
            status=status,
            reason=reason,
            failure=failure,
            language=self.language,
            model=self.model,
            audio_seconds=audio_seconds,
            ready_ms=_milliseconds(self.began_at, self.ready_at),
            first_delta_ms=_milliseconds(heard_from, self.first_delta_at),
            deltas=self.deltas,
            session_ids=tuple(self.session_ids),
        )


def _milliseconds(begin: float, end: float | None) -> float | None:
    return None if end is None else (end - begin) * 1000
