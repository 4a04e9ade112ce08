"""A voice as a file that any cloning engine takes: recording, text, and what is known of them."""

from typing import Final, Literal

from pydantic import AwareDatetime

from shared_schema.base import Outbound
from shared_schema.presets import PresetId
from shared_schema.voices import SettledBy, TranscriptSource, VoiceMatch

MEDIA_TYPE: Final = "application/zip"


class Measures(Outbound):
    """What a recording is like. Levels are in dBFS, and -96 where there is nothing."""

    peak_dbfs: float
    """The loudest sample."""
    speech_dbfs: float
    """RMS of what is speech."""
    noise_dbfs: float
    """RMS of the quietest tenth of a second that is not digital silence; at most -25."""
    clipped_seconds: float
    """Seconds, in steps of 0.02, in which three samples in a row reached 0.99 of full scale."""
    leading_silence_seconds: float
    trailing_silence_seconds: float


class ReferenceWav(Outbound):
    """`reference.wav`."""

    file: Literal["reference.wav"] = "reference.wav"
    sha256: str
    """Hexadecimal digits."""
    bytes: int
    encoding: Literal["pcm_s16le"] = "pcm_s16le"
    sample_rate: int
    """Hertz."""
    channels: Literal[1] = 1
    duration_seconds: float
    measures: Measures


class ReferenceText(Outbound):
    """`reference.txt`: the transcript by the preset's rules for texts, in UTF-8."""

    file: Literal["reference.txt"] = "reference.txt"
    sha256: str
    """Hexadecimal digits."""
    bytes: int
    source: TranscriptSource
    """Who wrote the transcript last."""
    settled_by: SettledBy | None = None
    """What made its words certain; left out where that is unknown."""


class Window(Outbound):
    """The part of a longer recording that was kept."""

    start_seconds: float
    end_seconds: float


class BundleManifest(Outbound):
    """`manifest.json` of `GET /api/voices/{id}/bundle`."""

    v: Literal[1] = 1
    preset: PresetId
    voice_id: str
    name: str
    language: str
    """ISO 639-1, or `auto`."""
    created_at: AwareDatetime
    """When the voice was stored."""
    consent: bool
    """Whether the speaker has agreed."""
    consent_at: AwareDatetime | None = None
    """When consent was given."""
    audio: ReferenceWav
    text: ReferenceText
    window: Window | None = None
    """Left out where the recording was stored whole."""
    match: VoiceMatch | None = None
    """How well text and recording go together; left out where nothing was heard beside the text."""
