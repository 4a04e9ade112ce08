"""What may be asked of a live provider."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared_schema.audio import SAMPLE_RATE, AudioFormat
from shared_schema.base import PROTOCOL_VERSION
from shared_schema.client_messages import SpeakerReference, Start, TurnSettings


@dataclass(frozen=True, slots=True)
class Options:
    """None leaves the choice to the service.

    Attributes:
        language: English name, ISO 639-1 code, locale, or "Auto".
        model: One that the deployment allows.
        context_bias: Words and phrases to expect, and descriptions where the model takes them.
        target_streaming_delay_ms: How long the provider may wait for context, milliseconds.
        diarize: Whether to tell speakers apart (`SpeakerHeard`).
        speakers: Voices to be known again, by name: WAV, MP3, FLAC or Opus files of 3 to 15
            seconds, at most eight, with `diarize`.
        turn_detection: Whether, or how, to tell turns (`TurnHeard`); not with `diarize`.
    """

    language: str | None = None
    model: str | None = None
    context_bias: tuple[str, ...] | None = None
    target_streaming_delay_ms: int | None = None
    diarize: bool | None = None
    speakers: Mapping[str, bytes] | None = None
    turn_detection: bool | TurnSettings | None = None

    def start(self) -> Start:
        """Return the message that opens a session with these options.

        Raises:
            ValueError: One is outside the limits of the wire (`pydantic.ValidationError`).
        """
        return Start(
            type="start",
            v=PROTOCOL_VERSION,
            audio_format=AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
            language=self.language,
            model=self.model,
            context_bias=self.context_bias,
            target_streaming_delay_ms=self.target_streaming_delay_ms,
            diarize=self.diarize,
            speaker_references=speaker_references(self.speakers),
            turn_detection=self.turn_detection,
        )


def speaker_references(voices: Mapping[str, bytes] | None) -> tuple[SpeakerReference, ...] | None:
    """Return voices as the wire has them; None where there are none.

    Raises:
        ValueError: A name or a voice is outside the limits of the wire.
    """
    if not voices:
        return None
    return tuple(
        SpeakerReference(name=name, audio=b64encode(voice).decode())
        for name, voice in voices.items()
    )


def read_voices(given: Iterable[str]) -> dict[str, bytes]:
    """Return voices, by name, from what a command line says of them: `NAME=FILE`.

    Raises:
        ValueError: One is not written so, or its file cannot be read.
    """
    voices = {}
    for one in given:
        name, mark, path = one.partition("=")
        if not (name and mark and path):
            raise ValueError(f"a speaker is NAME=FILE, not {one!r}")
        try:
            voices[name] = Path(path).read_bytes()
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}") from error
    return voices


def turn_settings(given: Iterable[str]) -> TurnSettings:
    """Return settings of turns from what a command line says of them: `NAME=NUMBER`.

    Raises:
        ValueError: One is unknown, or outside the limits of the wire.
    """
    pairs = [one.partition("=") for one in given]
    return TurnSettings.model_validate({name: number for name, _, number in pairs})
