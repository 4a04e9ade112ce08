"""OpenAI's realtime wire, as a transcription session: `wss://…/v1/realtime?intent=transcription`.

Source: OpenAI's guide to realtime transcription. A session is one turn: the server's own detection
of turns is off, so that deltas come as speech does, and the one commit at the end brings the whole.
"""

import json
from array import array
from collections.abc import Mapping
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

RATE: Final = 24_000
"""Hertz: the only rate of `audio/pcm` there."""
_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription."
_STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 402,
    "model_not_found": 404,
}
"""The HTTP status that says the same as an error's code or type."""

_log = structlog.get_logger(__name__)


class OpenAISession(UpstreamSession):
    """One open session; made by `OpenAIRealtime.open_realtime`."""

    _append_head = b'{"type":"input_audio_buffer.append","audio":"'
    _append_tail = b'"}'
    _endings = ('{"type":"input_audio_buffer.commit"}',)
    # A commit of nothing is an error there.
    _nothing = json.dumps({"type": f"{_TRANSCRIPTION}completed", "transcript": ""}).encode()

    def __init__(self, socket: UpstreamSocket) -> None:
        super().__init__(socket)
        self._faster = Faster()
        self._bytes = 0

    def offer(self, pcm: bytes) -> bool:
        """Decline: what is handed over is made anew, once, and so it has to be sent."""
        return False

    async def send(self, pcm: bytes) -> None:
        """Hand over PCM.

        Raises:
            ProviderError: the provider is gone.
        """
        self._bytes += len(pcm)
        await super().send(pcm)

    def _append(self, pcm: bytes) -> bytes:
        return super()._append(self._faster.feed(pcm))

    def _created(self, message: bytes) -> str | None:
        match payload(message):
            case {"type": "error"} as told:
                raise _failed(told)
            case {"type": "session.created", "session": {"id": str(name)}}:
                return name
            case _:
                return None

    def _event(self, message: bytes) -> RealtimeEvent | None:
        match payload(message):
            case {"type": "conversation.item.input_audio_transcription.delta", "delta": str(text)}:
                return TextDelta(text)
            case {
                "type": "conversation.item.input_audio_transcription.completed",
                "transcript": str(text),
            }:
                return TranscriptDone(text, billed_seconds=audio.seconds(self._bytes))
            case {"type": "error" | "conversation.item.input_audio_transcription.failed"} as told:
                raise _failed(told)
            case _:
                return None


class OpenAIRealtime(Upstream):
    """Opens realtime transcription sessions."""

    _path = "/v1/realtime"
    _absent = frozenset({404, 405})
    _session = OpenAISession

    def _query(self, options: RealtimeOptions) -> Mapping[str, str]:
        return {"intent": "transcription"}

    def _update(self, options: RealtimeOptions) -> str:
        return update_message(options)


class Faster:
    """Makes PCM of 16 kHz into PCM of 24 kHz: three samples of two, on straight lines.

    What comes in pieces comes out as one stream, one sample of 16 kHz late.
    """

    def __init__(self) -> None:
        self._before = 0
        self._odd = array("h")

    def feed(self, pcm: bytes) -> bytes:
        """Return what can be made of the audio so far; both are s16le mono."""
        samples = self._odd + array("h", pcm)
        even = len(samples) - len(samples) % 2
        self._odd = samples[even:]
        first, second = samples[0:even:2], samples[1:even:2]
        before = array("h", [self._before]) + second[:-1] if second else second
        out = array("h", bytes(3 * even))
        out[0::3] = before
        out[1::3] = array("h", [(z + 2 * a) // 3 for z, a in zip(before, first, strict=True)])
        out[2::3] = array("h", [(2 * a + b) // 3 for a, b in zip(first, second, strict=True)])
        if second:
            self._before = second[-1]
        return out.tobytes()


def update_message(options: RealtimeOptions) -> str:
    """Return `session.update` for a transcription session."""
    transcription: dict[str, Any] = {"model": options.model}
    if options.language is not None:
        transcription["language"] = options.language
    if options.context_bias:
        transcription["keywords"] = list(options.context_bias)
    heard = {
        "format": {"type": "audio/pcm", "rate": RATE},
        "transcription": transcription,
        "turn_detection": None,
    }
    session = {"type": "transcription", "audio": {"input": heard}}
    return json.dumps({"type": "session.update", "session": session})


def _failed(event: dict[str, Any]) -> ProviderError:
    """Return what an error event means."""
    error = event.get("error")
    told = [error.get("code"), error.get("type")] if isinstance(error, dict) else []
    known = [one for one in told if isinstance(one, str) and one in _STATUSES]
    _log.warning("provider_error_event", code=known[0] if known else None)
    return failures.from_status(_STATUSES[known[0]] if known else 500, body=event)
