"""Text messages of the client, checked; errors, as the client sees them."""

from typing import Final

from pydantic import ValidationError

from shared_schema import limits
from shared_schema.client_messages import Start, Stop, client_message
from shared_schema.server_messages import Error
from transcription.errors import (
    InvalidMessage,
    ProviderError,
    SessionLimit,
    TranscriptionError,
    UnsupportedAudio,
    UnsupportedVersion,
)

_MAX_TOLD: Final = 200
"""The most characters of a fault that are sent: its names and tags are the client's own."""


def parse(text: str) -> Start | Stop:
    """Return a client's message.

    Raises:
        InvalidMessage: it is too long, not JSON, or has a wrong type or field.
        UnsupportedVersion: `v` is not ours.
        UnsupportedAudio: `audio_format` is not ours.
    """
    if len(text.encode()) > limits.MAX_MESSAGE_BYTES:
        message = f"A message may have at most {limits.MAX_MESSAGE_BYTES} bytes."
        raise InvalidMessage(message)
    try:
        return client_message.validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
    for fault in faults:
        # A fault's place begins with the message's type.
        place = fault["loc"][1:]
        if place == ("v",) and fault["type"] == "literal_error":
            raise UnsupportedVersion(f"{fault['msg']} (v).")
        if place[:1] == ("audio_format",) and fault["type"] == "literal_error":
            raise UnsupportedAudio(f"{fault['msg']} ({'.'.join(map(str, place))}).")
    first = faults[0]
    where = ".".join(map(str, first["loc"][1:]))
    told = f"{first['msg']} ({where})" if where else first["msg"]
    raise InvalidMessage(f"{told[:_MAX_TOLD]}.")


def error_message(error: TranscriptionError) -> Error:
    """Return an error as the client sees it."""
    sessions = error.open_sessions if isinstance(error, SessionLimit) else ()
    return Error(
        message=error.message,
        code=error.code,
        retryable=error.spec().retryable,
        retry_after=error.retry_after,
        open_sessions=sessions or None,
        avoid=error.avoid if isinstance(error, ProviderError) else None,
    )
