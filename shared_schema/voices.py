"""Voices: a reference recording and its exact transcript."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from shared_schema import limits
from shared_schema.base import Inbound, Outbound
from shared_schema.batch import StoragePath
from shared_schema.client_messages import LanguageChoice
from shared_schema.match import Match
from shared_schema.text import Text

TranscriptSource = Literal["live", "final_pass", "edited", "typed"]
SettledBy = Literal["agreement", "ear", "script"]
"""The witnesses agree; a person heard what was in doubt; or they read a script as it is written."""
_WHOLE: Final = re.compile("[0-9]{1,9}")


def _whole(value: Any) -> Any:
    """Return a form's whole number as one, and all else as it is."""
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


VoiceName = Annotated[
    str, Field(min_length=1, max_length=limits.MAX_VOICE_NAME_CHARACTERS), Text(in_a_line=True)
]
Transcript = Annotated[
    str,
    Field(
        min_length=limits.MIN_TRANSCRIPT_CHARACTERS,
        max_length=limits.MAX_TRANSCRIPT_CHARACTERS,
    ),
    Text(),
]


class CloneRequest(Inbound):
    """Fields of the form of `POST /api/clone`, besides its file `audio`."""

    name: VoiceName
    transcript: Transcript
    """What is said in the recording, word for word."""
    language: LanguageChoice
    storage_path: StoragePath | None = None
    """A take that is already in storage, instead of `audio`."""
    transcript_source: TranscriptSource = "typed"
    """Who wrote the transcript last."""
    machine_transcript: (
        Annotated[str, Field(max_length=limits.MAX_TRANSCRIPT_CHARACTERS), Text()] | None
    ) = None
    """As the provider heard it."""
    receipt: (
        Annotated[
            str,
            Field(
                max_length=limits.MAX_RECEIPT_CHARACTERS,
                pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            ),
        ]
        | None
    ) = None
    """Of the transcription that `machine_transcript` is the text of."""
    settled_by: SettledBy | None = None
    """What made the transcript's words certain."""
    window_start_ms: (
        Annotated[int, Field(ge=0, le=86_400_000, strict=True), BeforeValidator(_whole)] | None
    ) = None
    """Where in a longer recording this one begins, if it was cut out of one; milliseconds."""
    consent: bool = False
    """Whether the speaker has agreed."""


class VoiceMatch(Match):
    """How well a transcript goes with what was heard in the recording, `machine_transcript`."""

    proved: bool
    """Whether a receipt shows that this service heard it in this very recording. Where not, it is
    what the caller says was heard."""


class VoiceChangeRequest(Inbound):
    """Body of `PATCH /api/voices/{id}`."""

    name: VoiceName


class Voice(Outbound):
    """A stored voice: answer of `POST /api/clone` and of a change, item of `GET /api/voices`."""

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
    settled_by: SettledBy | None = None
    """What made the transcript's words certain; left out where that is unknown."""
    window_start_ms: int | None = None
    """Where in a longer recording this one begins, if it was cut out of one; milliseconds."""
    match: VoiceMatch | None = None
    """Left out where no `machine_transcript` was sent. It has the first 100 doubts."""
    consent: bool = False
    """Whether the speaker has agreed."""
    audio_url: str
    """Signed, for a limited time."""
    audio_url_expires_in: int
    """Seconds that `audio_url` stays valid."""


class VoiceList(Outbound):
    """Answer of `GET /api/voices`, newest first."""

    voices: tuple[Voice, ...]
    next: str | None = None
    """Ask for `?before=` this to read on; absent at the end."""


VOICES_BEFORE: Final = r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,6})?Z$"
"""The query's `before`: a moment, as `next` gives it."""
