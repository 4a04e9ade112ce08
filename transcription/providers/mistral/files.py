"""Mistral's batch wire: `POST /v1/audio/transcriptions`, and model cards.

The form is written and the answers are read by the SDK's own models. The call is ours: the SDK's
gives connecting as long as the whole transcription may take, follows redirects, and reads an
answer of any size.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, Final, TypeVar

import httpx2
import structlog
from mistralai.client.models import (
    AudioTranscriptionRequest,
    AudioTranscriptionRequestStream,
    File,
)
from mistralai.client.utils.forms import serialize_multipart_form
from pydantic import SecretStr

from transcription.errors import ProviderError, ProviderUnavailable
from transcription.providers.base import (
    AudioFile,
    FileCapabilities,
    FileEvent,
    FileOptions,
    TranscriptionResult,
)
from transcription.providers.mistral import answers
from transcription.providers.mistral.cards import ModelCards

ATTEMPTS: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0
"""A `Retry-After` beyond it is the caller's to wait for."""
WRITE_SECONDS: Final = 30.0
_PATH: Final = "/v1/audio/transcriptions"
_NOT_PROCESSED: Final = frozenset({429, 503})
"""Statuses that say that the request was not worked on (RFC 6585, section 4; RFC 9110, 15.6.4)."""

_Form = tuple[dict[str, Any], list[tuple[str, Any]]]

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class MistralFiles:
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
        self._http = httpx2.AsyncClient(
            base_url=server_url,
            headers={"Authorization": f"Bearer {api_key.get_secret_value()}"},
            timeout=httpx2.Timeout(deadline_seconds, connect=connect_seconds, write=WRITE_SECONDS),
        )
        self._cards = ModelCards(self._http)
        self._deadline = deadline_seconds
        self._first_pause = first_pause_seconds

    async def file_capabilities(self, model: str) -> FileCapabilities:
        """Return what `model` can do: as its card says, else what is known of it.

        Raises:
            NotFound: the model is not offered, or takes no files.
        """
        return await self._cards.file_capabilities(model)

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            ProviderError: Mistral cannot be reached, refuses, or takes too long.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline
        sent = self._send(audio, options, stream=False, deadline=deadline)
        async with aclosing(await _by(deadline, sent)) as response:
            return await _by(deadline, answers.result(response, options))

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and tell the text as it comes; the result is last.

        Raises:
            ProviderError: Mistral cannot be reached, refuses, takes too long, or breaks off.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline
        sent = self._send(audio, options, stream=True, deadline=deadline)
        async with (
            aclosing(await _by(deadline, sent)) as response,
            aclosing(answers.events(response, options)) as events,
        ):
            while (event := await _by(deadline, anext(events, None))) is not None:
                yield event

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._http.aclose()

    async def _send(
        self, audio: AudioFile, options: FileOptions, *, stream: bool, deadline: float
    ) -> httpx2.Response:
        """Send the file, again where it surely was not worked on, until an answer begins.

        Raises:
            ProviderError: no answer, or a refusal.
        """
        with await asyncio.to_thread(audio.path.open, "rb") as file:
            upload = File(
                file_name=f"audio{audio.path.suffix}", content=file, content_type=audio.mime_type
            )
            form = _form(upload, options, stream=stream)
            for attempt in range(1, ATTEMPTS + 1):
                answer = await self._try(form, stream=stream)
                if isinstance(answer, httpx2.Response):
                    return answer
                pause = answer.retry_after
                if pause is None:
                    longest = min(self._first_pause * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
                    pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                over = asyncio.get_running_loop().time() + pause >= deadline
                if attempt == ATTEMPTS or over or pause > LONGEST_PAUSE_SECONDS:
                    raise answer
                await asyncio.sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    async def _try(self, form: _Form, *, stream: bool) -> httpx2.Response | ProviderError:
        """Send once. An error that is returned, and not raised, is safe to try again after."""
        data, files = form
        accept = "text/event-stream" if stream else "application/json"
        request = self._http.build_request(
            "POST", _PATH, data=data, files=files, headers={"Accept": accept}
        )
        try:
            response = await self._http.send(request, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            _log.warning("provider_connect_failed", error=type(error).__name__)
            return ProviderUnavailable()
        except httpx2.TransportError as error:
            _log.warning("provider_lost", error=type(error).__name__)
            raise ProviderUnavailable from None
        if response.status_code == 200:
            return response
        async with aclosing(response):
            failure = await answers.refusal(response)
        if response.status_code in _NOT_PROCESSED:
            return failure
        raise failure


def _form(upload: File, options: FileOptions, *, stream: bool) -> _Form:
    """Return fields and files as the SDK writes them."""
    asked = {
        "model": options.model,
        "file": upload,
        "language": options.language,
        "context_bias": list(options.context_bias) or None,
        "timestamp_granularities": [options.timestamps] if options.timestamps else None,
        "diarize": options.diarize or None,
    }
    shape = AudioTranscriptionRequestStream if stream else AudioTranscriptionRequest
    request = shape.model_validate({name: one for name, one in asked.items() if one is not None})
    _, data, files = serialize_multipart_form("multipart/form-data", request)
    return data, files


async def _by(deadline: float, answer: Awaitable[T]) -> T:
    """Await until a moment of the loop's clock."""
    try:
        async with asyncio.timeout_at(deadline):
            return await answer
    except TimeoutError:
        _log.warning("provider_too_slow")
        raise ProviderUnavailable("The recogniser took too long.") from None
