"""One realtime session on the wire: `GET /v1/audio/transcriptions/realtime`, upgraded."""

import json
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from local_stack.provider import conversation
from local_stack.provider.conversation import Line, encode
from local_stack.provider.engine import (
    Engine,
    Event,
    Failed,
    Message,
    OptionError,
    RealtimeOptions,
    TextDelta,
)
from local_stack.provider.mistral import errors
from local_stack.provider.mistral.events import event_json
from local_stack.provider.mistral.options import updated

MAX_APPEND_BYTES = 262_144
"""Greatest decoded audio of one `input_audio.append` (its documentation in `mistralai`)."""


@with_config(ConfigDict(val_json_bytes="base64"))
class _Append(TypedDict):
    type: Literal["input_audio.append"]
    audio: bytes


_append = TypeAdapter(_Append)


class Conversation(conversation.Conversation):
    """Speaks the wire on one socket, between its client and an engine's session."""

    def __init__(self, engine: Engine, line: Line) -> None:
        super().__init__(engine, line)
        self._card = engine.cards()[line.record.model]
        self._options = RealtimeOptions()
        self._ended = False

    async def _greet(self) -> None:
        await self._send({"type": "session.created", "session": self._session_json()})

    async def _hear(self, raw: str | bytes) -> None:
        # One pass in native code: nearly every message is an append, ten a second.
        try:
            pcm = _append.validate_json(raw)["audio"]
        except ValidationError:
            await self._read_other(raw)
        else:
            if self._keep_all:
                self._record.messages.append(json.loads(raw))
            await self._take(pcm)

    async def _tell(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            await self._send_text(
                "transcription.text.delta",
                encode({"type": "transcription.text.delta", "text": event.text}),
            )
            return
        await self._send(event_json(event, self._card.id))
        if isinstance(event, Failed) and event.close:
            await self._socket.close(1011)

    async def _read_other(self, raw: str | bytes) -> None:
        try:
            message = json.loads(raw)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            await self._complain("expected a JSON object with a type", errors.INVALID_MESSAGE)
            return
        if self._keep_rare:
            self._record.messages.append(message)
        match kind:
            case "input_audio.append":
                await self._complain("audio: expected base64", errors.INVALID_AUDIO)
            case "input_audio.flush":
                await self._session.flush()
            case "input_audio.end":
                if not self._ended:
                    self._ended = True
                    await self._session.end()
            case "session.update":
                await self._update(message.get("session"))
            case _:
                await self._complain(f"unknown message type: {kind}", errors.INVALID_MESSAGE)

    async def _take(self, pcm: bytes) -> None:
        if len(pcm) > MAX_APPEND_BYTES:
            text = f"audio: {len(pcm)} bytes, at most {MAX_APPEND_BYTES} are taken"
            await self._complain(text, errors.INVALID_AUDIO)
            return
        if self._ended:
            await self._complain("audio has ended", errors.INVALID_AUDIO)
            return
        self._note(pcm)
        await self._session.feed(pcm)

    async def _update(self, session: object) -> None:
        if self._record.frames:
            text = "the session cannot be updated once audio has started"
            await self._complain(text, errors.AUDIO_STARTED)
            return
        try:
            options = updated(session, self._options, self._card)
            await self._session.configure(options)
        except OptionError as error:
            code = errors.INVALID_SESSION if error.code is None else error.code
            await self._complain(error.message, code)
            return
        self._options = options
        await self._send({"type": "session.updated", "session": self._session_json()})

    async def _complain(self, message: Message, code: int) -> None:
        await self._send(errors.event(message, code))

    def _session_json(self) -> dict[str, Any]:
        options = self._options
        return {
            "request_id": self._record.request_id,
            "model": self._card.id,
            "audio_format": {"encoding": options.encoding, "sample_rate": options.sample_rate},
            "target_streaming_delay_ms": options.target_streaming_delay_ms,
            "language": options.language,
            "context_bias": list(options.context_bias) or None,
            "diarize": options.diarize,
            "speaker_references": list(options.speakers) or None,
            "turn_detection": options.turn_detection,
        }
