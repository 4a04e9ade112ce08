"""vLLM's batch wire: `POST /v1/audio/transcriptions`, in OpenAI's shape."""

import json
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import partial
from typing import IO, Any, Final

import httpx2
import structlog
from pydantic import SecretStr

from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import (
    AudioFile,
    FileCapabilities,
    FileEvent,
    FileOptions,
    RealtimeCapabilities,
    TextDelta,
    TranscriptionResult,
)
from transcription.providers.calls import (
    FIRST_PAUSE_SECONDS,
    Calls,
    Form,
    by,
    not_understood,
    read,
    server_sent,
)
from transcription.providers.vllm import models

_PATH: Final = "/v1/audio/transcriptions"
_LAST: Final = "[DONE]"

_log = structlog.get_logger(__name__)


class VllmFiles:
    """Transcribes whole files with vLLM.

    Args:
        server_url: Its address.
        api_key: As its `--api-key`; None where it has none.
        connect_seconds: Limit on a connection's handshake.
        deadline_seconds: Limit on a whole transcription, with its retries.
        first_pause_seconds: Before the first retry; doubles, jittered.
    """

    def __init__(
        self,
        *,
        server_url: str,
        api_key: SecretStr | None,
        connect_seconds: float,
        deadline_seconds: float,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        self._calls = Calls(
            server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=deadline_seconds,
            first_pause_seconds=first_pause_seconds,
        )

    async def realtime_capabilities(self, model: str) -> RealtimeCapabilities:
        """Return what `model` can do live."""
        return models.realtime_capabilities(model)

    async def file_capabilities(self, model: str) -> FileCapabilities:
        """Return what `model` can do. Whether the server has it, the call tells."""
        return models.file_capabilities(model)

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            ProviderError: vLLM cannot be reached, refuses, or takes too long.
        """
        deadline = self._calls.deadline()
        form = partial(_form, audio, options, stream=False)
        sent = await self._calls.send(_PATH, audio, form, stream=False, deadline=deadline)
        async with aclosing(sent) as response:
            body = await by(deadline, read(response))
            try:
                text = json.loads(body)["text"]
            except (ValueError, TypeError, KeyError):
                text = None
            if not isinstance(text, str):
                not_understood()
                raise ProviderUnavailable
            return _result(text, audio, options, response)

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and tell the text as it comes; the result is last.

        Raises:
            ProviderError: vLLM cannot be reached, refuses, takes too long, or breaks off.
        """
        deadline = self._calls.deadline()
        form = partial(_form, audio, options, stream=True)
        sent = await self._calls.send(_PATH, audio, form, stream=True, deadline=deadline)
        said: list[str] = []
        async with aclosing(sent) as response, aclosing(server_sent(response, _sent)) as chunks:
            while (chunk := await by(deadline, anext(chunks, None))) is not None:
                if chunk == _LAST:
                    yield _result("".join(said), audio, options, response)
                    return
                text = _text(chunk)
                if text:
                    said.append(text)
                    yield TextDelta(text)
        _log.warning("provider_lost", error="no done")
        raise ProviderUnavailable

    async def warm_up(self, models: Collection[str] = ()) -> None:
        """Nothing here is made once."""

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._calls.aclose()


def _form(audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool) -> Form:
    """Return fields and files."""
    # What the model does not take was refused before: vLLM passes over fields it does not know.
    fields = {"model": options.model, "response_format": "json"}
    if options.language is not None:
        fields["language"] = options.language
    if stream:
        fields["stream"] = "true"
    return fields, [("file", (f"audio{audio.path.suffix}", file, audio.mime_type))]


def _sent(event: str) -> Any:
    """Return the data of a server-sent event.

    Raises:
        ValueError: it is no JSON, and not the last word either.
    """
    return json.loads(event)["data"]


def _text(chunk: Any) -> str:
    """Return the text that a chunk adds; none for a chunk that nobody knows.

    Raises:
        ProviderError: it tells of an error, or is no JSON.
    """
    match chunk:
        case str():
            not_understood()
            raise ProviderUnavailable
        case {"error": error}:
            raise _failed(error)
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
        case _:
            return ""


def _failed(error: Any) -> ProviderError:
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) else 500
    _log.warning("provider_error_event", code=status)
    return failures.from_status(status, body=error)


def _result(
    text: str, audio: AudioFile, options: FileOptions, response: httpx2.Response
) -> TranscriptionResult:
    metadata: dict[str, str | float] = {
        "model": options.model,
        # vLLM's own count is of whole seconds, and there is none in a stream.
        "billed_seconds": audio.duration_seconds,
    }
    if "x-request-id" in response.headers:
        metadata["request_id"] = response.headers["x-request-id"]
    return TranscriptionResult(text=text, language=options.language, provider_metadata=metadata)
