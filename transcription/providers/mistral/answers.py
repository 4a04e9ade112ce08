"""Mistral's answers to a file, read with the SDK's models and told in our words."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2
import structlog
from mistralai.client.models import (
    TranscriptionResponse,
    TranscriptionSegmentChunk,
    TranscriptionStreamDone,
    TranscriptionStreamEvents,
    TranscriptionStreamLanguage,
    TranscriptionStreamSegmentDelta,
    TranscriptionStreamTextDelta,
)
from mistralai.client.models.transcriptionstreamevents import UnknownTranscriptionStreamEventsData
from pydantic import ValidationError

from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import (
    FileEvent,
    FileOptions,
    LanguageDetected,
    Segment,
    TextDelta,
    TranscriptionResult,
    Word,
)
from transcription.providers.calls import not_understood, read, server_sent

_log = structlog.get_logger(__name__)


async def result(response: httpx2.Response, options: FileOptions) -> TranscriptionResult:
    """Return what an answer with status 200 says.

    Raises:
        ProviderUnavailable: it breaks off, is too large, or not what was promised.
    """
    body = await read(response)
    try:
        answer = TranscriptionResponse.model_validate_json(body)
    except ValidationError:
        not_understood()
        raise ProviderUnavailable from None
    return _result(answer, options, response)


async def events(
    response: httpx2.Response, options: FileOptions
) -> AsyncGenerator[FileEvent, None]:
    """Iterate over server-sent events up to and with the result; unknown ones are passed over.

    Raises:
        ProviderError: Mistral reports an error, or breaks off before it was done.
    """
    decode = TranscriptionStreamEvents.model_validate_json
    async with aclosing(server_sent(response, decode)) as sent:
        async for event in sent:
            match event.data:
                case TranscriptionStreamTextDelta(text=text):
                    yield TextDelta(text)
                case TranscriptionStreamLanguage(audio_language=language):
                    yield LanguageDetected(language)
                case TranscriptionStreamSegmentDelta() as piece:
                    yield segment(piece)
                case TranscriptionStreamDone() as done:
                    yield _result(done, options, response)
                    return
                case UnknownTranscriptionStreamEventsData(raw={"type": "error"} as raw):
                    raise _failed(raw)
    _log.warning("provider_lost", error="no done")
    raise ProviderUnavailable


def segment(chunk: TranscriptionSegmentChunk | TranscriptionStreamSegmentDelta) -> Segment:
    """Return a stretch of speech; times that are not told are those of its beginning."""
    start = chunk.start or 0.0
    return Segment(chunk.text, start, max(start, chunk.end or 0.0), chunk.speaker_id or None)


def _failed(event: dict[str, Any]) -> ProviderError:
    error = event.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    _log.warning("provider_error_event", code=code)
    return failures.from_status(code if isinstance(code, int) else 500, body=event)


def _result(
    answer: TranscriptionResponse | TranscriptionStreamDone,
    options: FileOptions,
    response: httpx2.Response,
) -> TranscriptionResult:
    pieces = tuple(map(segment, answer.segments or ()))
    by_word = options.timestamps == "word"
    metadata: dict[str, str | float] = {"model": answer.model}
    if "x-request-id" in response.headers:
        metadata["request_id"] = response.headers["x-request-id"]
    if answer.usage.prompt_audio_seconds:
        metadata["billed_seconds"] = float(answer.usage.prompt_audio_seconds)
    return TranscriptionResult(
        text=answer.text,
        language=answer.language or None,
        segments=() if by_word else pieces,
        words=tuple(Word(one.text, one.start, one.end) for one in pieces) if by_word else (),
        provider_metadata=metadata,
    )
