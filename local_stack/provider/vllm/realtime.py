"""One realtime session on the wire: `GET /v1/realtime`, upgraded."""

import asyncio
import binascii
import json
import time
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
    RealtimeSession,
    TextDelta,
)
from local_stack.provider.vllm import errors

_DELTA = "transcription.delta"
_OPTIONS = RealtimeOptions(errors_close=False)


def live_models(engine: Engine) -> list[str]:
    """The models that take live audio, by id."""
    return [name for name, card in engine.cards().items() if "realtime" in card.modes]


class Conversation(conversation.Conversation):
    """Speaks the wire on one socket, an utterance at a time, each in a session of the engine's."""

    def __init__(self, engine: Engine, line: Line) -> None:
        super().__init__(engine, line)
        self._waiting: list[bytes] = []
        self._model: str | None = None
        self._running = False
        self._final = False
        self._over = False
        self._begun = asyncio.Event()
        self._further: list[RealtimeSession] = []

    async def run(self) -> None:
        """Converse until the socket is closed by either end."""
        try:
            await super().run()
        finally:
            for session in self._further:
                await session.close()

    async def _greet(self) -> None:
        await self._send(
            {
                "type": "session.created",
                "id": f"sess-{self._record.request_id}",
                "created": int(time.time()),
            }
        )

    async def _hear(self, raw: str | bytes) -> None:
        if isinstance(raw, bytes):
            # The handler reads text alone: what else comes is the end, with no close frame.
            self._socket.transport.abort()
            return
        try:
            message = json.loads(raw)
        except ValueError:
            await self._complain("Invalid JSON", "invalid_json")
            return
        if not isinstance(message, dict):
            await self._complain("the message is no object", "processing_error")
            return
        kind = message.get("type")
        if self._keep_all or (self._keep_rare and kind != "input_audio_buffer.append"):
            self._record.messages.append(message)
        match kind:
            case "input_audio_buffer.append":
                await self._append(message.get("audio"))
            case "input_audio_buffer.commit":
                await self._commit(final=bool(message.get("final")))
            case "session.update":
                await self._update(message.get("model"))
            case _:
                await self._complain(f"Unknown event type: {kind}", "unknown_event")

    async def _append(self, audio: object) -> None:
        if not isinstance(audio, str):
            await self._complain("audio is missing, or no string", "processing_error")
            return
        try:
            pcm = b64decode(audio, validate=True)
        except binascii.Error:
            pcm = b""
        if not pcm or len(pcm) % 2:
            await self._complain("Invalid audio data", "invalid_audio")
            return
        self._note(pcm)
        if self._final:
            return  # between the last commit and the done, audio is lost
        if self._running:
            await self._session.feed(pcm)
        else:
            self._waiting.append(pcm)

    async def _commit(self, *, final: bool) -> None:
        if self._model is None:
            await self._complain("session.update with a model comes first", "model_not_validated")
        elif final:
            await self._end()
        elif not self._running:
            await self._begin()
        # A commit while an utterance goes on is ignored.

    async def _begin(self) -> None:
        if self._over:
            self._session = await self._engine.connect(self._record.model)
            self._further.append(self._session)
            await self._session.start()
            await self._session.configure(_OPTIONS)
        self._running, self._over = True, False
        self._begun.set()
        waiting, self._waiting = self._waiting, []
        for pcm in waiting:
            await self._session.feed(pcm)
        if self._final:
            await self._session.end()

    async def _end(self) -> None:
        if self._final:
            return
        self._final = True
        if self._running:
            await self._session.end()

    async def _update(self, model: object) -> None:
        if model is None:
            await self._complain("Missing required field: model", "invalid_event")
            return
        if not isinstance(model, str) or (model and model not in live_models(self._engine)):
            await self._complain(f"The model `{model}` does not exist.", "model_not_found")
            return
        try:
            await self._session.configure(_OPTIONS)
        except OptionError as error:
            await self._complain(error.message, errors.code_of(error.code))
            return
        # No answer: that is how it says that it is fine.
        self._model = str(model)

    async def _write(self) -> None:
        """Tell what the engine hears, utterance by utterance."""
        while True:
            await self._write_one()
            await self._begun.wait()

    async def _write_one(self) -> None:
        async for event in self._session.events():
            await self._say(event)
            if isinstance(event, Done | Failed):
                # What is left was said too late.
                self._waiting.clear()
                self._begun.clear()
                self._running, self._final, self._over = False, False, True
                return

    async def _tell(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                await self._send_text(_DELTA, encode({"type": _DELTA, "delta": text}))
            case Done(text):
                words = len(text.split())
                usage: dict[str, Any] = {
                    "prompt_tokens": 0,
                    "completion_tokens": words,
                    "total_tokens": words,
                    "prompt_tokens_details": None,
                    "completion_tokens_details": None,
                }
                await self._send({"type": "transcription.done", "text": text, "usage": usage})
            case Failed(message, code):
                # No done follows, and the socket stays open.
                await self._complain(message, errors.code_of(code))
            case _:
                pass  # languages and segments are not told on this wire

    async def _complain(self, message: Message, code: str) -> None:
        await self._send(errors.event(message, code))
