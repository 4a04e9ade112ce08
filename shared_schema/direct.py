"""Direct mode: a client talks to the provider by itself, with a secret that is good for a while."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared_schema import limits
from shared_schema.audio import AudioFormat
from shared_schema.base import Inbound, Outbound, SessionId
from shared_schema.client_messages import (
    BiasTerms,
    LanguageChoice,
    ModelId,
    SpeakerReferences,
    TurnDetection,
)

RealtimeMode = Literal["bridge", "direct"]


class RealtimeTokenRequest(Inbound):
    """Body of `POST /api/transcriptions/realtime-token`: what `start` would ask for."""

    language: LanguageChoice | None = None
    model: ModelId | None = None
    context_bias: BiasTerms | None = None
    """Words and phrases to expect, and descriptions of the recording where the model takes them."""
    target_streaming_delay_ms: (
        Annotated[int, Field(ge=limits.MIN_STREAMING_DELAY_MS, le=limits.MAX_STREAMING_DELAY_MS)]
        | None
    ) = None
    """Milliseconds that the provider may wait for context; models may allow fewer values."""
    diarize: bool | None = None
    """Tell speakers apart: segments come beside the text."""
    speaker_references: SpeakerReferences | None = None
    """Voices to be known again, with `diarize`."""
    turn_detection: TurnDetection | None = None
    """Tell when a speaker begins and ends a turn. Not with `diarize`."""
    resumes: SessionId | None = None
    """The caller's session whose place this one takes."""
    max_seconds: Annotated[float, Field(ge=limits.MIN_AUDIO_SECONDS, le=3600)] | None = None
    """Seconds of audio to reserve at most; what the deployment allows when left out."""


class RealtimeToken(Outbound):
    """Its answer: where to connect, with what, and what to say first."""

    session_id: SessionId
    wire: Literal["mistral"]
    """Whose protocol is spoken there."""
    url: str
    """`ws:` or `wss:` address, with the model."""
    token: Annotated[str, Field(repr=False)]
    """Offered as a subprotocol beside `realtime`. Anybody who has it can transcribe with it."""
    expires_at: AwareDatetime
    """Until when it opens sockets; one that is open outlives it."""
    model: str
    max_seconds: float
    """Seconds of audio granted to this session."""
    cut_by: Literal["max_duration", "quota_exceeded", "budget_exceeded"]
    """What keeps the grant from being longer: the reason to tell when it runs out."""
    resume_rewind_ms: int
    """How far before the audio that was handed over last a resume starts again, in milliseconds."""
    audio_format: AudioFormat
    setup: str
    """What to send first, as it is: the options in the provider's own words."""
    options_ignored: tuple[str, ...] | None = None
    """Fields of the request that the model has no use for."""


class RealtimeSettlementRequest(Inbound):
    """Body of `POST /api/transcriptions/realtime-token/{session_id}/settle`."""

    audio_seconds: Annotated[float, Field(ge=0, le=1_000_000)]
    """Seconds of audio that were sent."""


class RealtimeSettlement(Outbound):
    """Its answer: what was charged, by the clock or by what was said, whichever is more."""

    session_id: SessionId
    charged_seconds: float
    cost_microdollars: int
