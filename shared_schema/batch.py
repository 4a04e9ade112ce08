"""Transcription of whole files over HTTP, as JSON and as server-sent events."""

from typing import Annotated, Literal

from pydantic import Field

from shared_schema import limits
from shared_schema.base import Inbound, Outbound, SessionId
from shared_schema.client_messages import BiasTerms, LanguageChoice, ModelId, SpeakerReferences
from shared_schema.errors import ErrorCode
from shared_schema.match import Match
from shared_schema.text import Text

Timestamps = Literal["segment", "word"]
StoragePath = Annotated[
    str,
    Field(
        min_length=3,
        max_length=1024,
        description="Object in the `reference-audio` bucket: '<user id>/…'.",
    ),
    Text(in_a_line=True),
]


CheckText = Annotated[str, Field(min_length=1, max_length=limits.MAX_TRANSCRIPT_CHARACTERS), Text()]


class TranscriptionOptions(Inbound):
    """What a caller may ask of a transcription. All optional."""

    language: LanguageChoice | None = None
    context_bias: BiasTerms | None = None
    timestamps: Timestamps | None = None
    diarize: bool | None = None
    speaker_references: SpeakerReferences | None = None
    """Voices to be known again, with `diarize`; in a form, the list as JSON."""
    model: ModelId | None = None
    check_text: CheckText | None = None
    """A text to check: the answer says how well it matches the recording."""


class StoredTranscriptionRequest(TranscriptionOptions):
    """JSON body of `POST /api/transcriptions`: a file that is already in storage."""

    storage_path: StoragePath


class Segment(Outbound):
    """A stretch of speech."""

    text: str
    start: float | None = None
    """Seconds from the beginning of the file, if the model reports it."""
    end: float | None = None
    """Seconds from the beginning of the file, if the model reports it."""
    speaker: str | None = None
    score: float | None = None
    """How sure the model is, if it says so."""


class Word(Outbound):
    """One word and when it was said."""

    text: str
    start: float | None = None
    """Seconds from the beginning of the file, if the model reports it."""
    end: float | None = None
    """Seconds from the beginning of the file, if the model reports it."""


class Transcription(Outbound):
    """Answer of `POST /api/transcriptions`."""

    text: str
    model: str
    language: str | None = None
    segments: tuple[Segment, ...] | None = None
    words: tuple[Word, ...] | None = None
    duration_seconds: float
    """Seconds of audio, measured from the stream's packets."""
    request_id: str
    warnings: tuple[str, ...] | None = None
    """Options that could not be honoured as asked, in words."""
    match: Match | None = None
    """With `check_text`: how well it goes with the recording."""
    receipt: str | None = None
    """Shows `POST /api/clone` that this service heard this text in this file."""


class DeltaEvent(Outbound):
    """Server-sent event `delta`: more text."""

    type: Literal["delta"] = "delta"
    text: str


class SegmentEvent(Segment):
    """Server-sent event `segment`."""

    type: Literal["segment"] = "segment"


class FinalEvent(Transcription):
    """Server-sent event `final`: the whole answer. The stream ends."""

    type: Literal["final"] = "final"


class ErrorEvent(Outbound):
    """Server-sent event `error`: why there is no `final`. The stream ends."""

    type: Literal["error"] = "error"
    message: str
    code: ErrorCode
    retryable: bool
    retry_after: float | None = None
    """Seconds to wait before another try."""


class Problem(Outbound):
    """An error over HTTP (RFC 9457, `application/problem+json`)."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    retryable: bool
    retry_after: float | None = None
    """Seconds, as in the `Retry-After` header."""
    open_sessions: tuple[SessionId, ...] | None = None
    """With `session_limit`: the caller's open sessions; one may be taken over by `resumes`."""
    match: Match | None = None
    """With `text_mismatch`: where text and recording differ, if a transcription was sent."""
    request_id: str | None = None
