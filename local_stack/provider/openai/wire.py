"""Paths and refusals of OpenAI's wire."""

from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection

from local_stack.provider.engine import Engine, RealtimeSession, RefusedError
from local_stack.provider.openai.batch import OpenAIFiles
from local_stack.provider.openai.realtime import Conversation
from local_stack.provider.records import RealtimeRecord, Record
from local_stack.provider.vllm.wire import VllmWire, live_models

REALTIME_PATH = "/v1/realtime"


class OpenAIWire(VllmWire):
    """Batch, realtime transcription sessions, and the list of models."""

    files = OpenAIFiles()

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

    async def converse(
        self,
        engine: Engine,
        socket: ServerConnection,
        session: RealtimeSession,
        record: RealtimeRecord,
        keep: Record,
    ) -> None:
        """Speak on an upgraded socket until it is down."""
        models = frozenset(live_models(engine))
        await Conversation(socket, session, record, keep, models=models).run()
