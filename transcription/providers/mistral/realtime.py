"""Mistral's realtime wire: `wss://…/v1/audio/transcriptions/realtime`.

We own the socket and take the messages and their parser from the SDK: the SDK's own
connection swallows cancellation, so a deadline around its reader never fires, and offers
permessage-deflate, which costs CPU and memory for PCM that hardly compresses.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from mistralai.client.models import (
    AudioFormat,
    RealtimeTranscriptionError,
    RealtimeTranscriptionInputAudioEnd,
    RealtimeTranscriptionInputAudioFlush,
    RealtimeTranscriptionSessionCreated,
    RealtimeTranscriptionSessionUpdateMessage,
    RealtimeTranscriptionSessionUpdatePayload,
    TranscriptionStreamDone,
    TranscriptionStreamLanguage,
)
from mistralai.extra.realtime.connection import parse_realtime_event
from pybase64 import b64encode
from pydantic import SecretStr

from shared_schema.audio import SAMPLE_RATE
from transcription.errors import ProviderError
from transcription.providers import failures
from transcription.providers.base import (
    LanguageDetected,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
)
from transcription.providers.mistral import models
from transcription.providers.upstream import Upstream, UpstreamSession, UpstreamSocket, payload

PATH: Final = "/v1/audio/transcriptions/realtime"
_APPEND_HEAD: Final = b'{"audio":"'
_APPEND_TAIL: Final = b'","type":"input_audio.append"}'
_TEXT_DELTA: Final = "transcription.text.delta"
_END: Final = (
    RealtimeTranscriptionInputAudioFlush().model_dump_json(),
    RealtimeTranscriptionInputAudioEnd().model_dump_json(),
)

_log = structlog.get_logger(__name__)


class MistralRealtime:
    """Opens realtime sessions with Mistral.

    Args:
        server_url: Mistral's address, `http:` or `https:`.
        api_key: The deployment's key.
        connect_seconds: Limit on the handshake up to `session.created`.
    """

    def __init__(self, *, server_url: str, api_key: SecretStr, connect_seconds: float) -> None:
        self._upstream = Upstream(
            server_url, PATH, api_key=api_key, connect_seconds=connect_seconds
        )

    async def realtime_capabilities(self, model: str) -> RealtimeCapabilities:
        """Return what `model` can do.

        Raises:
            NotFound: the model is not offered.
        """
        return models.realtime_capabilities(model)

    async def warm_up(self) -> None:
        """Build each model's validator once, so that the first session does not pay for it."""
        for one in ({"type": "transcription.text.delta", "text": ""}, {"type": "error"}):
            parse_realtime_event(one)
        _update_message(RealtimeOptions(model="", language="en", context_bias=("a",)))

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator["MistralSession"]:
        """Connect, await `session.created`, configure; close when left, whatever happened.

        Raises:
            ProviderError: Mistral cannot be reached in time or refuses.
        """

        async def greet(socket: UpstreamSocket) -> MistralSession:
            session = MistralSession(socket)
            await session.configure(_update_message(options))
            return session

        async with self._upstream.open(greet, {"model": options.model}) as session:
            yield session


class MistralSession(UpstreamSession):
    """One open session; made by `MistralRealtime.open_realtime`."""

    def _append(self, pcm: bytes) -> bytes:
        """Return `input_audio.append` as the SDK writes it, without its model."""
        return b"".join((_APPEND_HEAD, b64encode(pcm), _APPEND_TAIL))

    def _endings(self) -> Sequence[str]:
        return _END

    def _created(self, message: bytes) -> str | None:
        event = parse_realtime_event(payload(message))
        if isinstance(event, RealtimeTranscriptionError):
            raise _failed(event)
        if isinstance(event, RealtimeTranscriptionSessionCreated):
            return event.session.request_id
        return None

    def _event(self, message: bytes) -> RealtimeEvent | None:
        told = payload(message)
        if isinstance(told, dict) and told.get("type") == _TEXT_DELTA:
            # Nearly every event. The SDK's model would check no more.
            text = told.get("text")
            return TextDelta(text) if isinstance(text, str) else None
        event = parse_realtime_event(told)
        if isinstance(event, TranscriptionStreamDone):
            billed = event.usage.prompt_audio_seconds or None
            return TranscriptDone(event.text, event.language, billed)
        if isinstance(event, TranscriptionStreamLanguage):
            return LanguageDetected(event.audio_language)
        if isinstance(event, RealtimeTranscriptionError):
            raise _failed(event)
        return None


def _update_message(options: RealtimeOptions) -> str:
    """Return `session.update` as the SDK writes it."""
    fields: dict[str, Any] = {
        "audio_format": AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
        "target_streaming_delay_ms": options.target_streaming_delay_ms,
        "context_bias": list(options.context_bias) or None,
        "language": options.language,
    }
    payload = RealtimeTranscriptionSessionUpdatePayload.model_validate(
        {name: value for name, value in fields.items() if value is not None}
    )
    return RealtimeTranscriptionSessionUpdateMessage(session=payload).model_dump_json()


def _failed(event: RealtimeTranscriptionError) -> ProviderError:
    code = event.error.code
    _log.warning("provider_error_event", code=code)
    return failures.from_status(code, body=event.error.message)
