"""vLLM's batch wire: `POST /v1/audio/transcriptions`, in OpenAI's shape."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO, Any, Final

import httpx2
import structlog

from transcription.errors import ProviderStopped, ProviderUnavailable
from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    TextDelta,
    TranscriptionResult,
)
from transcription.providers.calls import Form, HttpFiles, metadata, not_understood, server_sent
from transcription.providers.openai import form

_LAST: Final = "[DONE]"

_log = structlog.get_logger(__name__)


class VllmFiles(HttpFiles):
    """Transcribes whole files with vLLM; its key is vLLM's `--api-key`, if it has one."""

    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        # What the model does not take was refused before: vLLM passes over fields it does not know.
        # Always streamed: whole, an answer cannot say that the engine stopped in the middle.
        return form.form(audio, options, file, shape="json", stream=True)

    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        async with aclosing(self._events(response, audio, options)) as events:
            async for event in events:
                if isinstance(event, TranscriptionResult):
                    return event
        raise ProviderUnavailable

    async def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        said: list[str] = []
        async with aclosing(server_sent(response, _sent)) as chunks:
            async for chunk in chunks:
                if chunk == _LAST:
                    yield _result("".join(said), audio, options, response)
                    return
                text = _text(chunk)
                if text:
                    said.append(text)
                    yield TextDelta(text)
        _log.warning("provider_lost", error="no done")
        raise ProviderUnavailable


def _sent(event: str) -> Any:
    """Return the data of a server-sent event.

    Raises:
        ValueError: it is no JSON, and not the last word either.
    """
    return json.loads(event)["data"]


def _text(chunk: Any) -> str:
    """Return the text that a chunk adds; none for an unknown chunk.

    Raises:
        ProviderError: it holds an error, or is not JSON.
    """
    match chunk:
        case str():
            not_understood()
            raise ProviderUnavailable
        case {"error": error}:
            raise form.failed(error)
        case {"choices": [{"finish_reason": str(reason)}, *_]} if reason != "stop":
            _log.warning("provider_stopped_early", reason=reason[:20])
            raise ProviderStopped
        case {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
        case _:
            return ""


def _result(
    text: str, audio: AudioFile, options: FileOptions, response: httpx2.Response
) -> TranscriptionResult:
    # vLLM's own count is of whole seconds, and there is none in a stream.
    told = metadata(response, options.model, audio.duration_seconds)
    return TranscriptionResult(text=text, language=options.language, provider_metadata=told)
