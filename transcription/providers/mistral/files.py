"""Mistral's batch wire: `POST /v1/audio/transcriptions`.

The form is written and the answers are read by the SDK's own models. The call is ours: the SDK's
gives connecting as long as the whole transcription may take, follows redirects, and reads an
answer of any size.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO, Any

import httpx2
import structlog
from mistralai.client.models import (
    AudioTranscriptionRequest,
    AudioTranscriptionRequestStream,
    File,
    TranscriptionResponse,
    TranscriptionSegmentChunk,
    TranscriptionStreamDone,
    TranscriptionStreamEvents,
    TranscriptionStreamLanguage,
    TranscriptionStreamSegmentDelta,
    TranscriptionStreamTextDelta,
)
from mistralai.client.models.transcriptionstreamevents import UnknownTranscriptionStreamEventsData
from mistralai.client.utils.forms import serialize_multipart_form
from pydantic import ValidationError

from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    LanguageDetected,
    Segment,
    TextDelta,
    TranscriptionResult,
    Word,
)
from transcription.providers.calls import Form, HttpFiles, not_understood, read, server_sent

_log = structlog.get_logger(__name__)


class MistralFiles(HttpFiles):
    """Transcribes whole files with Mistral."""

    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        """Return fields and files as the SDK writes them."""
        upload = File(file_name=audio.name, content=file, content_type=audio.mime_type)
        asked = {
            "model": options.model,
            "file": upload,
            "language": options.language,
            "context_bias": list(options.context_bias) or None,
            "timestamp_granularities": [options.timestamps] if options.timestamps else None,
            "diarize": options.diarize or None,
        }
        shape = AudioTranscriptionRequestStream if stream else AudioTranscriptionRequest
        request = shape.model_validate(
            {name: one for name, one in asked.items() if one is not None}
        )
        _, data, files = serialize_multipart_form("multipart/form-data", request)
        return data, files

    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        body = await read(response)
        try:
            answer = TranscriptionResponse.model_validate_json(body)
        except ValidationError:
            not_understood()
            raise ProviderUnavailable from None
        return _read(answer, options, response)

    async def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        # Events that are not known are passed over.
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
                        yield _read(done, options, response)
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


def _read(
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
