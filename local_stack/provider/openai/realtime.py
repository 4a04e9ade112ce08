"""One transcription session on the wire: `GET /v1/realtime?intent=transcription`, upgraded."""

import binascii
import json
from base64 import b64decode
from typing import Any

from local_stack.provider import conversation
from local_stack.provider.conversation import Line, encode
from local_stack.provider.engine import (
    Done,
    Engine,
    Event,
    Failed,
    Message,
    OptionError,
    RealtimeOptions,
    TextDelta,
)
from local_stack.provider.vllm import errors
from local_stack.provider.vllm.realtime import live_models

RATE = 24_000
"""Hertz: the only rate of `audio/pcm`."""
_DELTA = "conversation.item.input_audio_transcription.delta"
_COMPLETED = "conversation.item.input_audio_transcription.completed"
_INVALID = "invalid_request_error"
_TYPES = {400: _INVALID, 404: _INVALID, 422: _INVALID, 429: "rate_limit_error"}
"""Of a script's number for an error; any other is a failure while recognising."""


class Conversation(conversation.Conversation):
    """Speaks the wire on one socket, for one turn."""

    def __init__(self, engine: Engine, line: Line) -> None:
        super().__init__(engine, line)
        self._item = {"item_id": f"item_{line.record.request_id}", "content_index": 0}
        self._configured = False
        self._committed = False

    async def _greet(self) -> None:
        session = {"type": "transcription", "id": f"sess_{self._record.request_id}"}
        await self._send({"type": "session.created", "session": session})

    async def _hear(self, raw: str | bytes) -> None:
        try:
            message = json.loads(raw)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            await self._complain("Invalid JSON", _INVALID)
            return
        if self._keep_all or (self._keep_rare and kind != "input_audio_buffer.append"):
            self._record.messages.append(message)
        match kind:
            case "input_audio_buffer.append":
                await self._append(message.get("audio"))
            case "input_audio_buffer.commit":
                await self._commit()
            case "session.update":
                await self._update(message.get("session"))
            case _:
                await self._complain(f"Invalid value: '{kind}'", _INVALID)

    async def _append(self, audio: object) -> None:
        try:
            pcm = b64decode(audio, validate=True) if isinstance(audio, str) else b""
        except binascii.Error:
            pcm = b""
        if len(pcm) % 2:
            await self._complain("Invalid 'audio': expected base64 of PCM", _INVALID)
            return
        self._note(pcm)
        if self._configured and not self._committed and pcm:
            await self._session.feed(pcm)

    async def _commit(self) -> None:
        if not self._record.audio_bytes:
            await self._complain("buffer too small", "input_audio_buffer_commit_empty")
        elif not self._committed:
            self._committed = True
            await self._send({"type": "input_audio_buffer.committed", **self._item})
            await self._session.end()

    async def _update(self, asked: object) -> None:
        match asked:
            case {
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": rate},
                        "transcription": {"model": str(model)},
                        "turn_detection": None,
                    }
                },
            } if rate == RATE:
                pass
            case _:
                await self._complain("Invalid 'session'", _INVALID)
                return
        if model not in live_models(self._engine):
            await self._complain(f"The model `{model}` does not exist.", "model_not_found")
            return
        options = RealtimeOptions(sample_rate=RATE)
        try:
            await self._session.configure(options)
        except OptionError as error:
            await self._complain(error.message, _TYPES.get(error.code or 400, "server_error"))
            return
        self._configured = True
        await self._send({"type": "session.updated", "session": asked})

    async def _tell(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                delta = {"type": _DELTA, **self._item, "delta": text}
                await self._send_text(_DELTA, encode(delta))
            case Done(text, seconds):
                usage: dict[str, Any] = {"type": "duration", "seconds": seconds}
                told = {"transcript": text, "usage": usage}
                await self._send({"type": _COMPLETED, **self._item, **told})
            case Failed(message, code, close):
                await self._complain(message, _TYPES.get(code or 0, "server_error"))
                if close:
                    await self._socket.close(1011)
            case _:
                pass  # languages and segments are not told on this wire

    async def _complain(self, message: Message, code: str) -> None:
        error = {"type": code, "code": code, "message": errors.text(message), "param": None}
        await self._send({"type": "error", "error": error})
