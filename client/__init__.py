"""Client of both services, and the command `utter-transcribe`."""

from client.auth import AnonymousUser, GivenToken, TokenSupplier
from client.errors import ApiError, AudioError, AuthError, ClientError, Failure, UnreachableError
from client.events import Event, Result
from client.files import Api, Clone
from client.live import LiveTranscription
from client.options import Options

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
    "GivenToken",
    "LiveTranscription",
    "Options",
    "Result",
    "TokenSupplier",
    "UnreachableError",
]
