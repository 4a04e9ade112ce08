"""What a page asks about itself: usage of the signed-in user, public configuration."""

from typing import Literal

from pydantic import AwareDatetime

from shared_schema.base import Outbound, SessionId
from shared_schema.direct import RealtimeMode
from shared_schema.presets import PresetId


class UsageOfKind(Outbound):
    """Today's use of one kind of transcription (days are UTC, by opening time)."""

    used_seconds: float
    """Settled seconds of audio."""
    reserved_seconds: float
    """Seconds held by work that is not settled yet."""
    limit_seconds: float
    cost_microdollars: int
    own_key_seconds: float = 0
    """Settled seconds that were transcribed with a key of the user's own: no limit counts them."""


class OpenSession(Outbound):
    """Work that holds a place now."""

    session_id: SessionId
    kind: Literal["realtime", "batch"]
    opened_at: AwareDatetime


class Usage(Outbound):
    """Answer of `GET /api/usage`."""

    realtime: UsageOfKind
    batch: UsageOfKind
    cost_microdollars: int
    """Both kinds together."""
    open_sessions: tuple[OpenSession, ...]
    max_open_sessions: int
    resets_at: AwareDatetime
    """When today's minutes return: the next midnight UTC."""


OwnKeysOffer = Literal["off", "offered", "required"]


class LanguageOption(Outbound):
    """A language that the models in use understand."""

    code: str
    """ISO 639-1."""
    name: str
    """In English."""


class AudioLimits(Outbound):
    """What an upload may be."""

    max_bytes: int
    min_seconds: float
    max_seconds: float
    types: tuple[str, ...]
    """MIME types."""
    extensions: tuple[str, ...]
    """File name endings, with the dot."""


class StreamingDelays(Outbound):
    """Milliseconds that `target_streaming_delay_ms` may have, both ends included."""

    min: int
    max: int


class ModelOption(Outbound):
    """A model that a caller may name, and what it can do."""

    id: str
    kind: Literal["realtime", "batch"]
    """For live sessions, or for whole files. A model that does both is listed twice."""
    languages: tuple[LanguageOption, ...]
    """Those that can be chosen; none where the model detects the language by itself."""
    timestamps: tuple[Literal["segment", "word"], ...]
    diarization: bool
    """Whether it can tell speakers apart."""
    context_bias: bool
    """Whether it takes words to expect."""
    single_word_bias: bool
    """Whether each of them must be a single word, without spaces and commas."""
    speaker_references: bool = False
    """Whether it knows voices again that are sent along."""
    streaming_delays_ms: tuple[StreamingDelays, ...]
    turn_detection: bool
    """Whether it can tell when a speaker begins and ends a turn."""
    microdollars_per_minute: int | None = None
    """The provider's list price of a minute of audio, as far as it is known."""


class PublicConfig(Outbound):
    """Answer of `GET /api/config`: what a page needs before anybody is signed in."""

    enabled: bool
    realtime_enabled: bool
    realtime_url: str | None = None
    """`ws:` or `wss:` address of the bridge, or a path on the page's own host."""
    realtime_mode: RealtimeMode = "bridge"
    """`direct`: a client may ask for a token and talk to the provider by itself."""
    supabase_url: str
    supabase_publishable_key: str
    allow_anonymous: bool
    limits: AudioLimits
    languages: tuple[LanguageOption, ...]
    model: str
    """Model of the final pass."""
    realtime_model: str
    models: tuple[ModelOption, ...] = ()
    """Those that a caller may name, the two above first of their kind."""
    final_pass: bool
    """Whether a recording is transcribed again when it ends."""
    own_keys: OwnKeysOffer = "off"
    """Whether users may, or must, bring a key of their own to transcribe."""
    bundles: bool = False
    """Whether a voice can be downloaded as a bundle."""
    reference_preset: PresetId = "any"
    """The engine that recordings are made for."""
    reference_preset_choice: bool = True
    """Whether a person may choose another engine."""
    notice: str | None = None
    """What the page should tell about this deployment's provider."""
