"""What OpenAI's shape of a file's form, and of its errors, has in common on every server."""

from typing import IO, Any

import structlog

from transcription.errors import ProviderError
from transcription.providers import failures
from transcription.providers.base import AudioFile, FileOptions
from transcription.providers.calls import Form

_log = structlog.get_logger(__name__)


def form(
    audio: AudioFile, options: FileOptions, file: IO[bytes], *, shape: str, stream: bool
) -> Form:
    """Return fields and the file.

    Args:
        audio: What the file is.
        options: The model and its language.
        file: Open.
        shape: `response_format` of the answer.
        stream: Whether it comes as server-sent events.
    """
    fields: dict[str, Any] = {"model": options.model, "response_format": shape}
    if options.language is not None:
        fields["language"] = options.language
    if stream:
        fields["stream"] = "true"
    return fields, [("file", (audio.name, file, audio.mime_type))]


def failed(error: Any) -> ProviderError:
    """Return what an error in the middle of an answer means."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) else 500
    _log.warning("provider_error_event", code=status)
    return failures.from_status(status, body=error)
