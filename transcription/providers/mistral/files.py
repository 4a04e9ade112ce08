"""Mistral's batch wire: `POST /v1/audio/transcriptions`.

The form is written by the SDK's own models. The call is ours: the SDK's gives connecting as long as
the whole transcription may take, follows redirects, and reads an answer of any size.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO

import httpx2
import structlog
from mistralai.client.models import (
    AudioTranscriptionRequest,
    AudioTranscriptionRequestStream,
    File,
)
from mistralai.client.utils.forms import serialize_multipart_form

from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers import failures
from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    LanguageDetected,
    Segment,
    TextDelta,
    TranscriptDone,
    TranscriptionResult,
    Word,
)
from transcription.providers.calls import (
    Form,
    HttpFiles,
    metadata,
    read_object,
    server_sent,
    server_sent_json,
)
from transcription.providers.mistral import answers

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
            "speaker_references": {one.name: one.audio for one in options.speakers} or None,
        }
        shape = AudioTranscriptionRequestStream if stream else AudioTranscriptionRequest
        request = shape.model_validate(
            {name: one for name, one in asked.items() if one is not None}
        )
        _, data, files = serialize_multipart_form("multipart/form-data", request)
        if options.return_language:
            data["return_language"] = "true"  # the SDK has no such field
        return data, files

    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        return _read(await read_object(response), options, response)

    async def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        async with aclosing(server_sent(response, server_sent_json)) as sent:
            async for told in sent:
                if told.get("type") == "error":
                    raise _failed(told)
                match answers.event(told):
                    case TextDelta() | LanguageDetected() | Segment() as event:
                        yield event
                    case TranscriptDone():
                        yield _read(told, options, response)
                        return
                    case _:
                        continue  # events that are not known are passed over
        _log.warning("provider_lost", error="no done")
        raise ProviderUnavailable


def _failed(event: answers.Answer) -> ProviderError:
    error = event.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) else 500
    _log.warning("provider_error_event", code=status)
    return failures.from_status(status, body=event)


def _read(
    answer: answers.Answer, options: FileOptions, response: httpx2.Response
) -> TranscriptionResult:
    pieces = answers.segments(answer)
    by_word = options.timestamps == "word"
    told = answer.get("model")
    model = told if isinstance(told, str) and told else options.model
    return TranscriptionResult(
        text=answer["text"],
        language=answers.language(answer),
        segments=() if by_word else pieces,
        words=tuple(Word(one.text, one.start, one.end) for one in pieces) if by_word else (),
        provider_metadata=metadata(response, model, answers.billed_seconds(answer)),
    )
