"""Mistral's batch wire: `POST /v1/audio/transcriptions`.

The form is written and the answers are read by the SDK's own models. The call is ours: the SDK's
gives connecting as long as the whole transcription may take, follows redirects, and reads an
answer of any size.
"""

from collections.abc import AsyncGenerator
from typing import IO

import httpx2
from mistralai.client.models import (
    AudioTranscriptionRequest,
    AudioTranscriptionRequestStream,
    File,
)
from mistralai.client.utils.forms import serialize_multipart_form

from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    TranscriptionResult,
)
from transcription.providers.calls import Form, HttpFiles
from transcription.providers.mistral import answers


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
        return await answers.result(response, options)

    def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        return answers.events(response, options)
