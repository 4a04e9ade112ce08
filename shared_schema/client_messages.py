"""What a client sends on the realtime socket, besides its binary frames."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, TypeAdapter

from shared_schema import limits
from shared_schema.audio import AudioFormat
from shared_schema.base import Inbound, SessionId
from shared_schema.text import Text

BiasTerm = Annotated[
    str, Field(min_length=1, max_length=limits.MAX_CONTEXT_BIAS_CHARACTERS), Text(in_a_line=True)
]
BiasTerms = Annotated[tuple[BiasTerm, ...], Field(max_length=limits.MAX_CONTEXT_BIAS_TERMS)]
LanguageChoice = Annotated[
    str,
    Field(
        max_length=64,
        description="An English name, an ISO 639-1 code, a locale, or 'Auto'.",
        examples=["English", "en", "en-US", "Auto"],
    ),
    Text(in_a_line=True),
]
ModelId = Annotated[str, Field(min_length=1, max_length=100)]


class SpeakerReference(Inbound):
    """A voice to be known again: 3 to 15 seconds of one speaker, with `diarize`."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=limits.MAX_SPEAKER_NAME_CHARACTERS, repr=False),
        Text(in_a_line=True),
    ]
    """What `speaker` is called where this voice is heard."""
    audio: Annotated[
        str,
        Field(
            min_length=4,
            max_length=limits.MAX_SPEAKER_AUDIO_CHARACTERS,
            pattern=r"^[A-Za-z0-9+/]+={0,2}$",
            repr=False,
        ),
    ]
    """Base64 of a WAV, MP3, FLAC or Opus file."""


SpeakerReferences = Annotated[tuple[SpeakerReference, ...], Field(max_length=limits.MAX_SPEAKERS)]
Threshold = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class TurnSettings(Inbound):
    """How to detect turns; each field left out has the model's own value."""

    start_threshold: Threshold = 0.5
    """How sure the model must be that a turn begins; at least `eager_end_threshold`."""
    eager_end_threshold: Threshold = 0.5
    """Below it a turn seems to end; more than `end_threshold`."""
    end_threshold: Threshold = 0.33
    """Below it a turn has ended."""
    min_silence_ms: Milliseconds = 500
    """Milliseconds of silence before a turn may end."""
    end_timeout_ms: Milliseconds | None = None
    """Milliseconds of silence after which a turn has ended in any case; at least
    `min_silence_ms`."""


TurnDetection = bool | TurnSettings


def _no_flag(value: Any) -> Any:
    # In Python `True` equals 1, and a `Literal` looks for what is equal.
    if isinstance(value, bool):
        raise ValueError("Input should be 1")
    return value


class Start(Inbound):
    """Opens the session: exactly once, first."""

    type: Literal["start"]
    v: Annotated[Literal[1], BeforeValidator(_no_flag)]
    audio_format: AudioFormat
    language: LanguageChoice | None = None
    model: ModelId | None = None
    access_token: (
        Annotated[SecretStr, Field(max_length=limits.MAX_ACCESS_TOKEN_CHARACTERS)] | None
    ) = None
    """Supabase access token, from clients that cannot set a header."""
    context_bias: BiasTerms | None = None
    """Words and phrases to expect, and descriptions of the recording where the model takes them."""
    target_streaming_delay_ms: (
        Annotated[int, Field(ge=limits.MIN_STREAMING_DELAY_MS, le=limits.MAX_STREAMING_DELAY_MS)]
        | None
    ) = None
    """Milliseconds that the provider may wait for context; models may allow fewer values."""
    diarize: bool | None = None
    """Tell speakers apart: `segment` messages come beside the text."""
    speaker_references: SpeakerReferences | None = None
    """Voices to be known again, with `diarize`."""
    turn_detection: TurnDetection | None = None
    """Tell when a speaker begins and ends a turn: `turn` messages come beside the text. Not with
    `diarize`."""
    resumes: SessionId | None = None
    """The caller's session whose place this one takes."""
    avoid: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """With `resumes`: the `avoid` of the last `error` that had one. Another provider goes on."""


class Stop(Inbound):
    """Ends the audio; the server answers `final`."""

    type: Literal["stop"]


ClientMessage = Annotated[Start | Stop, Field(discriminator="type")]
client_message: TypeAdapter[Start | Stop] = TypeAdapter(ClientMessage)
