"""The seam between the services and what turns speech into text.

A provider takes our options and audio and gives our results, events and errors. None of its own
objects leaves it. A new provider is a module beside the others and an entry in `registry.py`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from re import Pattern
from typing import Final, Literal, Protocol, Self

from pydantic import SecretStr

from shared_schema.client_messages import SpeakerReference, TurnSettings
from shared_schema.files import file_name
from transcription.errors import NotFound

Timestamps = Literal["segment", "word"]
TurnEvent = Literal["start", "eager_end", "resume", "end"]

Speakers = tuple[SpeakerReference, ...]

MAX_BIAS_TERMS: Final = 100
"""Words to expect of a model that says nothing else."""
REWIND_MARGIN_MS: Final = 1500
"""Added to the provider's greatest lag, so that a resume overlaps what was already heard."""


@dataclass(frozen=True, slots=True)
class RealtimeCapabilities:
    """What a realtime model can do."""

    model: str
    languages: frozenset[str]
    """ISO 639-1 codes; empty where the provider does not say."""
    max_lag_ms: int
    """Greatest delay between a word's audio and its text, in milliseconds."""
    accepts_language: bool = False
    accepts_context_bias: bool = False
    streaming_delays_ms: tuple[range, ...] = ()
    """Accepted values of `target_streaming_delay_ms`; empty where it cannot be set."""
    diarization: bool = False
    """Telling speakers apart, segment by segment."""
    turn_detection: bool = False
    """Telling when a speaker begins and ends a turn."""
    speaker_references: bool = False
    """Knowing voices again that are sent along."""
    max_bias_terms: int | None = MAX_BIAS_TERMS
    """Of one session; None: any number."""
    max_bias_bytes: int | None = None
    """UTF-8 of all bias terms together; None: any number."""
    microdollars_per_minute: int | None = None
    """List price of a minute of audio; None where it is not known."""


@dataclass(frozen=True, slots=True)
class RealtimeOptions:
    """What one live session asks for; already checked against the capabilities."""

    model: str
    language: str | None = None
    """ISO 639-1, or None to let the provider detect it."""
    context_bias: tuple[str, ...] = ()
    target_streaming_delay_ms: int | None = None
    diarize: bool = False
    turn_detection: bool = False
    speakers: Speakers = field(default=(), repr=False)
    """Voices to be known again."""
    turns: TurnSettings | None = None
    """How to detect turns; None: the model's own way."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text, verbatim, append-only."""

    text: str


@dataclass(frozen=True, slots=True)
class LanguageDetected:
    """The language as the provider heard it, ISO 639-1."""

    language: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech."""

    text: str
    start: float | None
    """Seconds; None where the provider does not say."""
    end: float | None
    """Seconds; None where the provider does not say."""
    speaker: str | None = None
    score: float | None = None
    """How sure the provider is of it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A speaker's turn begins, seems to end, goes on after all, or has ended.

    Words of a turn may follow its end.
    """

    event: TurnEvent
    at: float | None
    """Seconds of the session's audio; None where the provider does not say."""
    end_reason: str | None = None
    """Why it has ended, in the provider's words, where it says."""


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    """The provider has finished: the whole text of the session."""

    text: str
    language: str | None = None
    billed_seconds: float | None = None
    """Seconds of audio that the provider counts, where it says."""


RealtimeEvent = TextDelta | LanguageDetected | Segment | Turn | TranscriptDone


class RealtimeSession(Protocol):
    """One live session with the provider."""

    @property
    def request_id(self) -> str | None:
        """The provider's own name for the session, for the log."""

    def offer(self, pcm: bytes) -> bool:
        """Hand over PCM s16le, mono, 16 kHz, if the socket takes it at once.

        False: nothing was handed over, and `send` has to be awaited.
        """

    async def send(self, pcm: bytes) -> None:
        """Hand over PCM s16le, mono, 16 kHz; returns when the socket has taken it.

        Raises:
            ProviderError: the provider is gone.
        """

    async def probe(self) -> None:
        """Ask for the text of the audio so far, where the wire can: who lives says something.

        Raises:
            ProviderError: the provider is gone.
        """

    async def end(self) -> None:
        """Say that no more audio comes. Sending twice is harmless."""

    async def listen(self, hear: Callable[[RealtimeEvent], None]) -> None:
        """Tell `hear` what the provider says as it comes, up to and with `TranscriptDone`.

        Raises:
            ProviderError: it failed, or closed before it was done.
        """


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file on disk that was inspected; the bytes sent are the bytes inspected."""

    path: Path
    mime_type: str
    duration_seconds: float
    size: int
    """Bytes."""

    @property
    def name(self) -> str:
        """What it is called where it is sent: many readers go by the ending."""
        return file_name(self.mime_type)


@dataclass(frozen=True, slots=True)
class FileCapabilities:
    """What a model can do with a whole file."""

    model: str
    languages: frozenset[str]
    """ISO 639-1 codes; empty where the language cannot be set."""
    timestamps: frozenset[Timestamps] = frozenset()
    diarization: bool = False
    """Telling speakers apart, segment by segment."""
    context_bias: bool = False
    single_word_bias: bool = False
    """Bias terms must not hold spaces or commas."""
    language_or_timestamps: bool = False
    """Only one of the two is taken."""
    language_on_request: bool = False
    """The model names the language it heard only on request."""
    speaker_references: bool = False
    """Knowing voices again that are sent along."""
    max_bias_terms: int | None = MAX_BIAS_TERMS
    """Of one file; None: any number."""
    max_bias_bytes: int | None = None
    """UTF-8 of all bias terms together; None: any number."""
    max_bytes: int | None = None
    """Of a file; a larger one is sent as a 16 kHz copy. None: as much as a caller may send."""
    microdollars_per_minute: int | None = None
    """List price of a minute of audio; None where it is not known."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What one batch transcription asks for; already fitted to the capabilities."""

    model: str
    language: str | None = None
    """ISO 639-1, or None to let the provider detect it."""
    context_bias: tuple[str, ...] = ()
    timestamps: Timestamps | None = None
    diarize: bool = False
    speakers: Speakers = field(default=(), repr=False)
    """Voices to be known again."""
    return_language: bool = False
    """Ask for the language that was heard."""
    again: bool = True
    """Whether a file that was surely not worked on is sent again. False: another provider is
    next."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word and its times in seconds; None where the provider does not say."""

    text: str
    start: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class TranscriptionResult:
    """The transcript of a file, in the shape that all providers share."""

    text: str
    language: str | None = None
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()
    warnings: tuple[str, ...] = ()
    """Options that could not be honoured as asked, in words."""
    provider_metadata: Mapping[str, str | float] = field(default_factory=dict)
    """`model`, `request_id`, `billed_seconds`: for the log and the ledger."""


FileEvent = TextDelta | LanguageDetected | Segment | TranscriptionResult


class Models(Protocol):
    """What a provider's models can do: one table for live sessions and for files."""

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what `model` can do live, as far as the provider says.

        Args:
            model: Its id.
            key: Asks the provider where the deployment has no key.

        Raises:
            NotFound: the model is not offered, or takes no live audio.
        """

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what `model` can do with a file, as far as the provider says.

        Args:
            model: Its id.
            key: Asks the provider where the deployment has no key.

        Raises:
            NotFound: the model is not offered, or takes no files.
        """

    async def warm_up(self, models: Collection[str]) -> None:
        """Do once, before the first call, what would make a call to one of these models slow."""

    async def aclose(self) -> None:
        """Close every connection."""


class RealtimeProvider(Protocol):
    """A provider's live half, which calls with one key."""

    def open_realtime(
        self, options: RealtimeOptions
    ) -> AbstractAsyncContextManager[RealtimeSession]:
        """Connect and configure a session; entering takes as long as the provider does.

        Raises:
            ProviderError: it cannot be reached or refuses.
        """

    async def aclose(self) -> None:
        """Close every connection that no session uses."""


class FileProvider(Protocol):
    """A provider's batch half, which calls with one key."""

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            ProviderError: it cannot be reached or refuses.
        """

    def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and give the text as it comes; the result is last.

        Raises:
            ProviderError: it cannot be reached or refuses.
        """

    async def aclose(self) -> None:
        """Close every connection."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """What lets a client open sockets with the provider by itself, for a while."""

    value: SecretStr
    url: str
    """`ws:` or `wss:` address to open, with the model."""
    setup: str
    """What a client sends first, as it is: the options in the provider's own words."""
    expires_at: datetime


class SecretMint(Protocol):
    """Makes client secrets of one provider's."""

    @property
    def wire(self) -> Literal["mistral"]:
        """Whose protocol clients speak with it."""

    @property
    def url(self) -> str:
        """Where clients connect: `ws:` or `wss:`."""

    async def mint(self, key: SecretStr, options: RealtimeOptions, *, seconds: int) -> ClientSecret:
        """Make a secret with `key`, good for one model and at most so many seconds.

        Raises:
            ProviderError: it cannot be reached or refuses.
        """

    async def aclose(self) -> None:
        """Close every connection."""


@dataclass(frozen=True, slots=True)
class OwnKeyRules:
    """How a provider takes users' own keys."""

    title: str
    """The provider's name for people."""
    shape: Pattern[str]
    """What a whole key looks like."""
    check: Callable[[SecretStr], Awaitable[None]]
    """Ask the provider whether it takes a key, in a few seconds and at no cost.

    Raises:
        ProviderKeyRefused: it does not.
        ProviderError: it does not say.
    """


@dataclass(frozen=True, slots=True)
class Offered:
    """The models of one kind that callers may name."""

    default: str
    """The model of calls that name none."""
    names: frozenset[str]

    @classmethod
    def of(cls, default: str, others: Collection[str] = ()) -> Self:
        """Return a default with others beside it."""
        return cls(default, frozenset({default, *others}))

    def chosen(self, asked: str | None) -> str:
        """Return the model that a caller gets.

        Raises:
            NotFound: it is not offered.
        """
        model = asked or self.default
        if model not in self.names:
            raise NotFound(f"There is no model called {model[:100]!r} here.")
        return model


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as a deployment uses it; made once, by `registry.bind`."""

    name: str
    """As `TRANSCRIPTION_PROVIDER`, the ledger's prices, the log and the metrics have it."""
    languages: frozenset[str]
    """ISO 639-1 codes that it is known to take, without asking it."""
    models: Models
    live: Offered
    batch: Offered
    realtime: Callable[[SecretStr | None], RealtimeProvider] | None
    """Makes the live half for a key, which the caller closes; None: live words are off."""
    files: Callable[[SecretStr | None], FileProvider] | None
    """Makes the batch half for a key, which the caller closes; None: transcription is off."""
    secrets: Callable[[], SecretMint] | None
    """Makes what makes client secrets, which the caller closes; None: there are none here."""
    key: SecretStr | None
    """The deployment's own."""
    is_shared: bool
    """Whether it can be called without a user's own key."""
    own_keys: OwnKeyRules | None
    """None: it takes no keys of users' own."""
    health_url: str | None
    """Where anyone may ask how it is; None where there is no such place."""
    key_setting: str = ""
    """The setting that holds `key`."""
    check_key: Callable[[SecretStr], Awaitable[None]] | None = None
    """Asks whether a key is good, for free; raises `ProviderKeyRefused` where it is not."""
    list_models: Callable[[SecretStr | None], Awaitable[frozenset[str]]] | None = None
    """Returns the names of all its models, for free; raises `ProviderError` where it does not."""
    prepare: Callable[[], None] = lambda: None
    """Builds what the first session would wait for."""

    async def warm_up(self) -> None:
        """Do once, before the first call, what would make that call slow."""
        self.prepare()
        await self.models.warm_up(self.live.names | self.batch.names)
