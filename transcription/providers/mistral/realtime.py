"""Mistral's realtime wire: `wss://…/v1/audio/transcriptions/realtime`.

We own the socket and take the messages and their parser from the SDK: the SDK's own
connection swallows cancellation, so a deadline around its reader never fires, and offers
permessage-deflate, which costs CPU and memory for PCM that hardly compresses.
"""

from collections.abc import Mapping
from functools import lru_cache
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
    TurnDetectionConfig,
)
from mistralai.extra.realtime.connection import parse_realtime_event

from shared_schema.audio import SAMPLE_RATE
from shared_schema.client_messages import TurnSettings
from transcription.errors import ProviderError
from transcription.providers import failures
from transcription.providers.base import RealtimeEvent, RealtimeOptions
from transcription.providers.mistral import answers
from transcription.providers.socket import Upstream, UpstreamSession, payload

PATH: Final = "/v1/audio/transcriptions/realtime"
_END: Final = (
    RealtimeTranscriptionInputAudioFlush().model_dump_json(),
    RealtimeTranscriptionInputAudioEnd().model_dump_json(),
)

_log = structlog.get_logger(__name__)


class MistralSession(UpstreamSession):
    """One open session; made by `MistralRealtime.open_realtime`."""

    # `input_audio.append` as the SDK writes it, without its model.
    _append_head = b'{"audio":"'
    _append_tail = b'","type":"input_audio.append"}'
    _endings = _END
    _probes = _END[:1]

    def _created(self, message: bytes) -> str | None:
        event = parse_realtime_event(payload(message))
        if isinstance(event, RealtimeTranscriptionError):
            raise _failed(event)
        if isinstance(event, RealtimeTranscriptionSessionCreated):
            return event.session.request_id
        return None

    def _event(self, message: bytes) -> RealtimeEvent | None:
        told = payload(message)
        if not isinstance(told, dict):
            return None
        if told.get("type") == "error":
            event = parse_realtime_event(told)
            if isinstance(event, RealtimeTranscriptionError):
                raise _failed(event)
            return None
        return answers.event(told)


class MistralRealtime(Upstream):
    """Opens realtime sessions with Mistral."""

    _path = PATH
    _session = MistralSession

    def _query(self, options: RealtimeOptions) -> Mapping[str, str]:
        return {"model": options.model}

    def _update(self, options: RealtimeOptions) -> str:
        return update_message(options)


def build_validators() -> None:
    """Build each message's validator, which the first session would wait for."""
    parse_realtime_event({"type": "error"})
    update_message(RealtimeOptions(model="", language="en", context_bias=("a",)))


def update_message(options: RealtimeOptions) -> str:
    """Return `session.update` as the SDK writes it."""
    # Most sessions ask for one of a few things. A user's own words and voices are not kept.
    is_common = not options.context_bias and not options.speakers
    return _common_message(options) if is_common else _message(options)


def _message(options: RealtimeOptions) -> str:
    fields: dict[str, Any] = {
        "audio_format": AudioFormat(encoding="pcm_s16le", sample_rate=SAMPLE_RATE),
        "target_streaming_delay_ms": options.target_streaming_delay_ms,
        "context_bias": list(options.context_bias) or None,
        "language": options.language,
        "diarize": options.diarize or None,
        "speaker_references": {one.name: one.audio for one in options.speakers} or None,
        "turn_detection": _turns(options.turns) if options.turn_detection else None,
    }
    payload = RealtimeTranscriptionSessionUpdatePayload.model_validate(
        {name: value for name, value in fields.items() if value is not None}
    )
    return RealtimeTranscriptionSessionUpdateMessage(session=payload).model_dump_json()


_common_message = lru_cache(maxsize=128)(_message)


def _turns(asked: TurnSettings | None) -> TurnDetectionConfig:
    fields = {} if asked is None else asked.model_dump(exclude_none=True)
    return TurnDetectionConfig.model_validate(fields)


def _failed(event: RealtimeTranscriptionError) -> ProviderError:
    code = event.error.code
    _log.warning("provider_error_event", code=code)
    return failures.from_status(code, body=event.error.message)
