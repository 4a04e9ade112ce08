"""Client of both services, and the command `utter-transcribe`."""

from utter_transcribe.auth import AnonymousUser, GivenToken, TokenSupplier
from utter_transcribe.errors import (
    ApiError,
    AudioError,
    AuthError,
    ClientError,
    Failure,
    FileError,
    UnreachableError,
)
from utter_transcribe.events import Event, Result
from utter_transcribe.files import Api, Clone
from utter_transcribe.live import LiveTranscription
from utter_transcribe.options import Options
from utter_transcribe.sync import bundle, clone, transcribe_file, transcribe_live, voices

__all__ = [
    "AnonymousUser",
    "Api",
    "ApiError",
    "AudioError",
    "AuthError",
    "ClientError",
    "Clone",
    "Event",
    "Failure",
    "FileError",
    "GivenToken",
    "LiveTranscription",
    "Options",
    "Result",
    "TokenSupplier",
    "UnreachableError",
    "bundle",
    "clone",
    "transcribe_file",
    "transcribe_live",
    "voices",
]
