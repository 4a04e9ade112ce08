"""What a page asks about itself: usage of the signed-in user, public configuration."""

from typing import Literal

from pydantic import AwareDatetime

from shared_schema.base import Outbound, SessionId
from shared_schema.direct import RealtimeMode


class UsageOfKind(Outbound):
    """Today's use of one kind of transcription (days are UTC, by opening time)."""

    used_seconds: float
    """Settled seconds of audio."""
    reserved_seconds: float
    """Seconds held by work that is not settled yet."""
    limit_seconds: float
    cost_microdollars: int


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
    final_pass: bool
    """Whether a recording is transcribed again when it ends."""
    notice: str | None = None
    """What the page should tell about this deployment's recogniser."""
