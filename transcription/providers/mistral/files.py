"""Mistral's batch wire: `POST /v1/audio/transcriptions`.

The form is written and the answers are read by the SDK's own models. The call is ours: the SDK's
gives connecting as long as the whole transcription may take, follows redirects, and reads an
answer of any size.
"""

from collections.abc import AsyncGenerator, Collection
from typing import IO

import httpx2
from mistralai.client.models import (
    AudioTranscriptionRequest,
    AudioTranscriptionRequestStream,
    File,
)
from mistralai.client.utils.forms import serialize_multipart_form
from pydantic import SecretStr

from transcription.providers.base import (
    AudioFile,
    FileCapabilities,
    FileEvent,
    FileOptions,
    RealtimeCapabilities,
    TranscriptionResult,
)
from transcription.providers.calls import FIRST_PAUSE_SECONDS, Form
from transcription.providers.http_files import HttpFiles
from transcription.providers.mistral import answers
from transcription.providers.mistral.cards import ModelCards


class MistralFiles(HttpFiles):
    """Transcribes whole files with Mistral.

    Args:
        server_url: Mistral's address.
        api_key: The deployment's key.
        connect_seconds: Limit on a connection's handshake.
        deadline_seconds: Limit on a whole transcription, with its retries.
        first_pause_seconds: Before the first retry; doubles, jittered.
    """

    def __init__(
        self,
        *,
        server_url: str,
        api_key: SecretStr,
        connect_seconds: float,
        deadline_seconds: float,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        super().__init__(
            server_url,
            api_key=api_key,
            connect_seconds=connect_seconds,
            deadline_seconds=deadline_seconds,
            first_pause_seconds=first_pause_seconds,
        )
        self._cards = ModelCards(server_url, api_key=api_key, connect_seconds=connect_seconds)

    async def realtime_capabilities(self, model: str) -> RealtimeCapabilities:
        """Return what `model` can do live: as its card says, else what is known of it.

        Raises:
            NotFound: the model is not offered, or takes no live audio.
        """
        return await self._cards.realtime_capabilities(model)

    async def file_capabilities(self, model: str) -> FileCapabilities:
        """Return what `model` can do: as its card says, else what is known of it.

        Raises:
            NotFound: the model is not offered, or takes no files.
        """
        return await self._cards.file_capabilities(model)

    async def warm_up(self, models: Collection[str] = ()) -> None:
        """Ask for the cards of these models."""
        await self._cards.warm_up(models)

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._cards.aclose()
        await super().aclose()

    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        """Return fields and files as the SDK writes them."""
        upload = File(
            file_name=f"audio{audio.path.suffix}", content=file, content_type=audio.mime_type
        )
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
