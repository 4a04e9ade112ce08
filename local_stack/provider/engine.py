"""What hears: the interface between a wire and an engine.

A wire (how bytes look on the socket) knows engines only through this module, and an engine
knows no wire, so that either can be added without touching the other.

An engine's exceptions::

    EngineError
    ├── RefusedError        the request or session is not taken; the wire answers with a status
    └── OptionError  a running session keeps its old options; the wire answers with an event
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

Message = str | dict[str, Any]
"""An error's text as providers send it: a string, or an object with `detail`."""


class EngineError(Exception):
    """Base of what an engine raises on purpose."""


class RefusedError(EngineError):
    """The engine does not take this session or file.

    Attributes:
        status: HTTP status of the answer, 400 to 599.
        message: What to tell the client.
        retry_after: Value of `Retry-After` (seconds or an HTTP date), None to leave it out.
        body: Bytes to answer with verbatim instead of the wire's own error body.
    """

    def __init__(
        self,
        status: int,
        message: Message,
        *,
        retry_after: int | str | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.body = body


class OptionError(EngineError):
    """The session goes on, but not with these options.

    Attributes:
        message: What to tell the client.
        code: Number to tell; None: the wire's own for this.
    """

    def __init__(self, message: Message, *, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text; joined with nothing between, the deltas are the transcript so far."""

    text: str


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """The language heard, as ISO 639-1."""

    language: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text with its place in the audio, in seconds from the start, if it is told."""

    text: str
    start: float | None
    end: float | None
    speaker: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """News of a speaker's turn: `start`, `eager_end`, `resume` or `end`, seconds from the start."""

    event: str
    at: float | None
    end_reason: str = "threshold"


@dataclass(frozen=True, slots=True)
class Done:
    """All of the audio was heard.

    Attributes:
        text: The whole transcript.
        audio_seconds: Length of the audio, in seconds.
        language: ISO 639-1, None when unknown.
        segments: Stretches of text in order, empty when none were asked for.
        finish: Why it ended: `stop` is the end of the audio, on wires that tell.
        tells_language: Whether the answer has a language, be it null.
    """

    text: str
    audio_seconds: float
    language: str | None = None
    segments: tuple[Segment, ...] = ()
    finish: str = "stop"
    tells_language: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine gave up.

    Attributes:
        message: What to tell the client.
        code: Number to tell; None: the wire's own for this.
        close: Whether the socket is closed after telling so.
    """

    message: Message
    code: int | None = None
    close: bool = True


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Sent as it is, for what no true provider should send."""

    data: str


@dataclass(frozen=True, slots=True)
class Abort:
    """Cut the TCP connection, with no word of goodbye."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket in order, with this code (RFC 6455 section 7.4)."""

    code: int = 1000
    reason: str = ""


Event = TextDelta | LanguageDetected | Segment | Turn | Done | Failed | Verbatim | Abort | Close


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What one model can do.

    Attributes:
        id: The name that clients send.
        modes: `offline` (files), `realtime`, or both.
        languages: ISO 639-1 codes that `language` takes.
        diarization: Tells speakers apart.
        context_bias: Takes terms to listen for.
        bias_pattern: Regular expression that every such term must match in full.
        timestamp_granularities: `segment`, `word`.
        language_excludes_timestamps: `language` and granularities cannot be combined.
        streaming_delays_ms: Inclusive ranges of the delay that can be asked for, milliseconds.
        turn_detection: Tells when a speaker begins and ends a turn, live.
        generation: Of Voxtral; from the third on, rules differ that no card tells.
        description: One line for people.
    """

    id: str
    modes: tuple[str, ...]
    languages: tuple[str, ...]
    diarization: bool = False
    context_bias: bool = False
    bias_pattern: str = r"(?s).+"
    timestamp_granularities: tuple[str, ...] = ()
    language_excludes_timestamps: bool = False
    streaming_delays_ms: tuple[tuple[int, int], ...] = ()
    turn_detection: bool = False
    generation: int = 2
    description: str = ""


@dataclass(frozen=True, slots=True)
class RealtimeOptions:
    """What a client asked of a live session; None means the engine's default.

    Attributes:
        encoding: Sample format, such as `pcm_s16le`.
        sample_rate: Hertz.
        target_streaming_delay_ms: How far text may lag behind audio, milliseconds.
        language: ISO 639-1.
        context_bias: Terms to listen for.
        diarize: Whether to tell speakers apart.
        speakers: Names of those whose voices were sent along.
        turn_detection: How to tell turns; None: not at all.
        errors_close: Whether the wire closes a session after a failure that says so.
    """

    encoding: str = "pcm_s16le"
    sample_rate: int = 16_000
    target_streaming_delay_ms: int | None = None
    language: str | None = None
    context_bias: tuple[str, ...] = ()
    diarize: bool = False
    speakers: tuple[str, ...] = ()
    turn_detection: Mapping[str, Any] | None = None
    errors_close: bool = True


@dataclass(frozen=True, slots=True)
class FileRequest:
    """One file to transcribe.

    Attributes:
        model: A card's id.
        data: The file as it was uploaded.
        filename: As the client named it; never trusted.
        language: ISO 639-1, None to detect.
        context_bias: Terms to listen for.
        granularity: `segment`, `word`, or None for no timestamps.
        diarize: Whether to tell speakers apart.
        speakers: Names of those whose voices were sent along.
        tell_language: Whether the answer is to have the language.
    """

    model: str
    data: bytes = field(repr=False)
    filename: str = ""
    language: str | None = None
    context_bias: tuple[str, ...] = ()
    granularity: str | None = None
    diarize: bool = False
    speakers: tuple[str, ...] = ()
    tell_language: bool = True


class RealtimeSession(Protocol):
    """One live session. One task feeds it, another reads its events."""

    async def start(self) -> None:
        """Return once the session may be announced to the client."""

    async def configure(self, options: RealtimeOptions) -> None:
        """Take these options; called before the first `feed` only.

        Raises:
            OptionError: The session goes on with what it had.
        """

    async def feed(self, pcm: bytes) -> None:
        """Take audio; returning late is how an engine slows its client down."""

    async def flush(self) -> None:
        """Say now what can be said of the audio so far."""

    async def end(self) -> None:
        """No more audio comes: say the rest, then `Done`."""

    def events(self) -> AsyncIterator[Event]:
        """What is heard, until the session is over; read once."""

    async def close(self) -> None:
        """Let go of everything, at any time and more than once."""


class Engine(Protocol):
    """What hears. Entering it takes what it needs, leaving it gives all of that back.

    One that subclasses this takes nothing and counts nothing, unless it says otherwise.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def cards(self) -> Mapping[str, ModelCard]:
        """The models that can be asked for, by id."""

    def exposition(self) -> bytes:
        """What it counts of itself in Prometheus' text format; empty where it counts nothing."""
        return b""

    async def connect(self, model: str) -> RealtimeSession:
        """Begin a live session.

        Raises:
            RefusedError: The handshake is to be refused.
        """

    def transcribe(self, request: FileRequest) -> AsyncGenerator[Event]:
        """Hear a whole file; the last event is `Done`. The reader closes it.

        Raises:
            RefusedError: Before the first event, the file is not taken.
        """
