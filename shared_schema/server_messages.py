"""What the bridge sends on the realtime socket."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared_schema.base import Outbound, SessionId
from shared_schema.errors import ErrorCode


class Ready(Outbound):
    """The session is open: audio may flow."""

    type: Literal["ready"] = "ready"
    v: Literal[1] = 1
    session_id: SessionId
    model: str
    max_seconds: float
    """Seconds of audio granted to this session."""
    resume_rewind_ms: int
    """How far before the last `ack` a resume starts again, in milliseconds."""


class Delta(Outbound):
    """More text. Joined with nothing between, the deltas are the transcript so far."""

    type: Literal["delta"] = "delta"
    text: str


class Language(Outbound):
    """The language as detected, an ISO 639-1 code."""

    type: Literal["language"] = "language"
    language: str


class LiveSegment(Outbound):
    """A stretch of speech and who spoke it, where `diarize` was asked for."""

    type: Literal["segment"] = "segment"
    text: str
    start: float | None = None
    """Seconds from the beginning of this session's audio, if the model reports it."""
    end: float | None = None
    """Seconds from the beginning of this session's audio, if the model reports it."""
    speaker: str | None = None
    """A name that is the same for the same voice, within this session."""
    score: float | None = None
    """How sure the model is, if it says so."""


class Turn(Outbound):
    """News of a speaker's turn, where `turn_detection` was asked for.

    Deltas with words of a turn may follow its end: read on until `final`.
    """

    type: Literal["turn"] = "turn"
    event: Literal["start", "eager_end", "resume", "end"]
    """It begins; it seems to end; it goes on after all; it has ended."""
    at: float | None = None
    """Seconds from the beginning of this session's audio, if the model reports it."""
    end_reason: str | None = None
    """With `end`: why it has ended, in the model's own words. New reasons may appear."""


class Ack(Outbound):
    """How much of this session's audio was handed to the provider so far."""

    type: Literal["ack"] = "ack"
    audio_ms: int


class Notice(Outbound):
    """News that ends nothing yet."""

    type: Literal["notice"] = "notice"
    code: Literal["draining", "ending_soon", "options_ignored"]
    deadline_ms: int | None = None
    """`draining`: milliseconds until the server ends the session."""
    seconds_left: float | None = None
    """`ending_soon`: seconds of audio left."""
    options: tuple[str, ...] | None = None
    """`options_ignored`: fields of `start` that the model has no use for; right after `ready`."""


FinalReason = ErrorCode | Literal["max_duration"]


class Final(Outbound):
    """The whole transcript of this session: once, before the close."""

    type: Literal["final"] = "final"
    text: str
    status: Literal["complete", "partial"]
    reason: FinalReason | None = None
    """Why it is partial, or which limit ended a complete one."""
    language: str | None = None
    model: str
    audio_seconds: float
    """Seconds of this session's audio that the provider was handed."""
    session_id: SessionId


class Error(Outbound):
    """Why the session ends or could not start; the close follows."""

    type: Literal["error"] = "error"
    message: str
    """For a person."""
    code: ErrorCode
    retryable: bool
    retry_after: float | None = None
    """Seconds to wait before another try."""
    open_sessions: tuple[SessionId, ...] | None = None
    """With `session_limit`: the caller's open sessions; one may be taken over by `resumes`."""
    avoid: str | None = None
    """What a resume sends as its own `avoid`: another provider can go on."""


AnyServerMessage = Ready | Delta | Language | LiveSegment | Turn | Ack | Notice | Final | Error
ServerMessage = Annotated[AnyServerMessage, Field(discriminator="type")]
server_message: TypeAdapter[AnyServerMessage] = TypeAdapter(ServerMessage)
SERVER_MESSAGE_TYPES = frozenset(
    {"ready", "delta", "language", "segment", "turn", "ack", "notice", "final", "error"}
)
