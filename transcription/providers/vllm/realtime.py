"""vLLM's realtime wire: `ws://…/v1/realtime`.

A session is one utterance: the model, audio, a commit behind the first of it, which starts the
generation, and a last commit, which ends the audio. There is no package to take the messages from.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from pybase64 import b64encode
from pydantic import SecretStr

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

_ABSENT: Final = frozenset({403, 404})
"""What vLLM answers where the path or the model's realtime task is missing; a wrong key is 401."""
_PATH: Final = "/v1/realtime"
_APPEND_HEAD: Final = b'{"type":"input_audio_buffer.append","audio":"'
_APPEND_TAIL: Final = b'"}'
_START: Final = '{"type":"input_audio_buffer.commit","final":false}'
_END: Final = ('{"type":"input_audio_buffer.commit","final":true}',)
_NOTHING: Final = b'{"type":"transcription.done","text":""}'
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


class VllmRealtime:
    """Opens realtime sessions with vLLM.

    Args:
        server_url: Its address, `http:` or `https:`.
        api_key: As its `--api-key`; None where it has none.
        connect_seconds: Limit on the handshake up to `session.created`.
    """

    def __init__(
        self, *, server_url: str, api_key: SecretStr | None, connect_seconds: float
    ) -> None:
        self._upstream = Upstream(
            server_url,
            _PATH,
            api_key=api_key,
            connect_seconds=connect_seconds,
            absent=_ABSENT,
        )

    async def aclose(self) -> None:
        """Do nothing: only sessions hold connections, and they stay open."""

    @asynccontextmanager
    async def open_realtime(self, options: RealtimeOptions) -> AsyncIterator["VllmSession"]:
        """Connect, await `session.created`, name the model; close when left, whatever happened.

        Raises:
            ProviderError: vLLM cannot be reached in time or refuses.
        """

        async def greet(socket: UpstreamSocket) -> VllmSession:
            session = VllmSession(socket)
            await session.configure(json.dumps({"type": "session.update", "model": options.model}))
            return session

        async with self._upstream.open(greet) as session:
            yield session


class VllmSession(UpstreamSession):
    """One open session; made by `VllmRealtime.open_realtime`."""

    def __init__(self, socket: UpstreamSocket) -> None:
        super().__init__(socket)
        self._begun = False
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
        self._begun = True
        await super().send(pcm)
        self._bytes += len(pcm)
        if not self._started:
            await self._say(_START)
            self._started = True

    async def end(self) -> None:
        """End the audio, once. Where there was none vLLM would not answer, so we do."""
        if not self._begun and not self._ended:
            self._ended = True
            self._socket.pretend(_NOTHING)
        await super().end()

    def _append(self, pcm: bytes) -> bytes:
        return b"".join((_APPEND_HEAD, b64encode(pcm), _APPEND_TAIL))

    def _endings(self) -> Sequence[str]:
        return _END

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


def _failed(event: dict[str, Any]) -> ProviderError:
    """Return what an error event means; `error` is a string here, and no done follows it."""
    code = event.get("code")
    known = isinstance(code, str) and code in _STATUSES
    _log.warning("provider_error_event", code=code if known else None)
    return failures.from_status(_STATUSES[str(code)] if known else 500, body=event)
