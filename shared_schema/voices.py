"""Voices: a reference recording and its exact transcript."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from shared_schema import limits
from shared_schema.base import Outbound

TranscriptSource = Literal["live", "final_pass", "edited", "typed"]
VoiceName = Annotated[str, Field(min_length=1, max_length=limits.MAX_VOICE_NAME_CHARACTERS)]
Transcript = Annotated[
    str,
    Field(
        min_length=limits.MIN_TRANSCRIPT_CHARACTERS,
        max_length=limits.MAX_TRANSCRIPT_CHARACTERS,
    ),
]


class Voice(Outbound):
    """A stored voice: answer of `POST /api/clone`, item of `GET /api/voices`."""

    voice_id: str
    name: str
    language: str
    duration_seconds: float
    created_at: AwareDatetime


class VoiceDetail(Voice):
    """Answer of `GET /api/voices/{id}`."""

    transcript: str
    transcript_source: TranscriptSource
    machine_transcript: str | None = None
    audio_url: str
    """Signed, for a limited time."""
    audio_url_expires_in: int
    """Seconds that `audio_url` stays valid."""


class VoiceList(Outbound):
    """Answer of `GET /api/voices`, newest first."""

    voices: tuple[Voice, ...]
