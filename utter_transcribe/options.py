"""What may be asked of a live provider."""

from dataclasses import dataclass

from shared_schema.audio import SAMPLE_RATE, AudioFormat
from shared_schema.base import PROTOCOL_VERSION
from shared_schema.client_messages import Start


@dataclass(frozen=True, slots=True)
class Options:
    """None leaves the choice to the service.

    Attributes:
        language: English name, ISO 639-1 code, locale, or "Auto".
        model: One that the deployment allows.
        context_bias: Words and phrases to expect, at most 100 of at most 64 characters.
        target_streaming_delay_ms: How long the provider may wait for context, milliseconds.
        diarize: Whether to tell speakers apart (`SpeakerHeard`).
        turn_detection: Whether to tell turns (`TurnHeard`).
    """

    language: str | None = None
    model: str | None = None
    context_bias: tuple[str, ...] | None = None
    target_streaming_delay_ms: int | None = None
    diarize: bool | None = None
    turn_detection: bool | None = None

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
            turn_detection=self.turn_detection,
        )
