"""Paths and refusals of OpenAI's wire."""

from urllib.parse import parse_qs, urlsplit

from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.openai.batch import OpenAIFiles
from local_stack.provider.openai.realtime import Conversation
from local_stack.provider.records import RealtimeRecord
from local_stack.provider.vllm.realtime import live_models
from local_stack.provider.vllm.wire import VllmWire

REALTIME_PATH = "/v1/realtime"


class OpenAIWire(VllmWire):
    """Batch, realtime transcription sessions, and the list of models."""

    files = OpenAIFiles()
    conversation = Conversation

    async def connect(self, engine: Engine, target: str, record: RealtimeRecord) -> RealtimeSession:
        """Begin a session for a handshake, which names no model yet.

        Raises:
            RefusedError: Wrong path, wrong key, no transcription, or the engine's own reason.
        """
        parts = urlsplit(target)
        if parts.path != REALTIME_PATH:
            raise RefusedError(404, "Not Found")
        self._authorize(record.headers.get("authorization"))
        if parse_qs(parts.query).get("intent") != ["transcription"]:
            raise RefusedError(400, "conversations are not offered here: intent=transcription")
        record.model = live_models(engine)[0]
        return await engine.connect(record.model)
