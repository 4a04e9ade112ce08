"""vLLM's realtime wire: `ws://…/v1/realtime`.

A session is one utterance: the model, audio, a commit behind the first of it, which starts the
generation, and a last commit, which ends the audio. There is no package to take the messages from.
"""

import json
from typing import Any, Final

import structlog

from shared_schema import audio
from transcription.errors import ProviderError
from transcription.providers import failures
from transcription.providers.base import (
    RealtimeEvent,
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
)
from transcription.providers.socket import Upstream, UpstreamSession, UpstreamSocket, payload

_START: Final = '{"type":"input_audio_buffer.commit","final":false}'
_STATUSES: Final = {
    "invalid_json": 400,
    "unknown_event": 400,
    "invalid_event": 400,
    "model_not_validated": 400,
    "model_not_found": 404,
    "invalid_audio": 422,
    "processing_error": 500,
}
"""The HTTP status that says the same as a code of this wire."""

_log = structlog.get_logger(__name__)


class VllmSession(UpstreamSession):
    """One open session; made by `VllmRealtime.open_realtime`."""

    _append_head = b'{"type":"input_audio_buffer.append","audio":"'
    _append_tail = b'"}'
    _endings = ('{"type":"input_audio_buffer.commit","final":true}',)
    _nothing = b'{"type":"transcription.done","text":""}'

    def __init__(self, socket: UpstreamSocket) -> None:
        super().__init__(socket)
        self._started = False
        self._bytes = 0

    def offer(self, pcm: bytes) -> bool:
        """Hand over PCM if the socket takes it at once; the first of it has to be sent."""
        if not self._started or not super().offer(pcm):
            return False
        self._bytes += len(pcm)
        return True

    async def send(self, pcm: bytes) -> None:
        """Hand over PCM, and behind the first of it what starts the generation.

        Raises:
            ProviderError: the provider is gone.
        """
        await super().send(pcm)
        self._bytes += len(pcm)
        if not self._started:
            await self._say(_START)
            self._started = True

    def _created(self, message: bytes) -> str | None:
        match payload(message):
            case {"type": "error"} as told:
                raise _failed(told)
            case {"type": "session.created", "id": str(name)}:
                return name
            case _:
                return None

    def _event(self, message: bytes) -> RealtimeEvent | None:
        match payload(message):
            case {"type": "transcription.delta", "delta": str(text)}:
                # One for each 80 ms of audio, and most of them empty.
                return TextDelta(text)
            case {"type": "transcription.done", "text": str(text)}:
                return TranscriptDone(text, billed_seconds=audio.seconds(self._bytes))
            case {"type": "error"} as told:
                raise _failed(told)
            case _:
                return None


class VllmRealtime(Upstream):
    """Opens realtime sessions with vLLM."""

    _path = "/v1/realtime"
    # What vLLM answers where the path or the model's realtime task is missing; a wrong key is 401.
    _absent = frozenset({403, 404})
    _session = VllmSession

    def _update(self, options: RealtimeOptions) -> str:
        return json.dumps({"type": "session.update", "model": options.model})


def _failed(event: dict[str, Any]) -> ProviderError:
    """Return what an error event means; `error` is a string here, and no done follows it."""
    code = event.get("code")
    known = isinstance(code, str) and code in _STATUSES
    _log.warning("provider_error_event", code=code if known else None)
    return failures.from_status(_STATUSES[str(code)] if known else 500, body=event)
