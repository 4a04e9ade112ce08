"""The events of a live transcription, and its result."""

from dataclasses import dataclass
from typing import Literal

from shared_schema.server_messages import FinalReason, Notice
from utter_transcribe.errors import Failure


@dataclass(frozen=True, slots=True)
class Opened:
    """The service listens: a session is open, the first one or a successor.

    Attributes:
        session_id: Of this session.
        model: The provider's.
        max_seconds: Seconds of audio granted to this session.
        resumed: Whether it goes on where another one stopped.
    """

    session_id: str
    model: str
    max_seconds: float
    resumed: bool


@dataclass(frozen=True, slots=True)
class Words:
    """More text.

    Attributes:
        delta: What this session just said.
        text: The transcript of the whole recording so far. It grows at its end, except that a
            seam between two sessions may replace its last words.
    """

    delta: str
    text: str


@dataclass(frozen=True, slots=True)
class Acked:
    """How far the provider was fed, in seconds of the recording."""

    audio_seconds: float


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """The language as heard, an ISO 639-1 code."""

    language: str


@dataclass(frozen=True, slots=True)
class SpeakerHeard:
    """A stretch of speech and who spoke it, where `diarize` was asked for.

    Where a session is resumed its successor may tell a stretch anew that was told before.

    Attributes:
        text: What was said; it is in the transcript as well.
        start: Seconds of the recording; None where the model does not tell it.
        end: Seconds of the recording; None where the model does not tell it.
        speaker: The same for the same voice, until the session is resumed.
        score: How sure the model is, where it tells it.
    """

    text: str
    start: float | None
    end: float | None
    speaker: str | None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """News of a speaker's turn, where `turn_detection` was asked for.

    Words of a turn may still come after its end.

    Attributes:
        phase: It begins, it seems to end, it goes on after all, it has ended.
        at: Seconds of the recording; None where the model does not tell it.
        end_reason: Why it has ended, in the model's own words, where it tells it.
    """

    phase: Literal["start", "eager_end", "resume", "end"]
    at: float | None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """News from the service that ends nothing yet."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """A session was lost or could not be opened; the recording goes on.

    Attributes:
        failure: Why.
        attempt: Which try in a row comes next, counted from 1.
        delay: Seconds until then.
    """

    failure: Failure
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a recording.

    Attributes:
        text: The transcript, seams joined.
        status: `complete` when the service finished the last session, else `partial`.
        reason: Why it is partial, or which limit ended a complete one.
        failure: What ended it, None for one that was finished.
        language: As detected, an ISO 639-1 code.
        model: The provider's; None if no session opened.
        audio_seconds: Seconds of the recording that the provider was handed.
        ready_ms: Milliseconds from the beginning until the first session was open.
        first_delta_ms: Milliseconds from the first audio to the first words.
        deltas: Pieces of text received, over all sessions.
        session_ids: The sessions that opened, in order.
    """

    text: str
    status: Literal["complete", "partial"]
    reason: FinalReason | None
    failure: Failure | None
    language: str | None
    model: str | None
    audio_seconds: float
    ready_ms: float | None
    first_delta_ms: float | None
    deltas: int
    session_ids: tuple[str, ...]

    @property
    def reconnects(self) -> int:
        """How many sessions followed the first."""
        return max(0, len(self.session_ids) - 1)


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event."""

    result: Result


Event = (
    Opened
    | Words
    | Acked
    | LanguageDetected
    | SpeakerHeard
    | TurnHeard
    | Noticed
    | Reconnecting
    | Finished
)
