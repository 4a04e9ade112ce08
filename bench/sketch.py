"""`python -m bench.sketch`: the first thing that comes to mind, on FastAPI and the provider's SDK.

It does what the documentation of both shows: no tokens, no quota, no limits, no acks, no
metrics, no deadlines.
"""

import json
import os
import socket
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI, WebSocket
from mistralai.client import Mistral
from mistralai.client.models import (
    AudioFormat,
    RealtimeTranscriptionSessionCreated,
    TranscriptionStreamDone,
    TranscriptionStreamTextDelta,
)

from bench.commands import tell
from shared_schema.base import REALTIME_PATH

app = FastAPI()
client = Mistral(api_key="bench", server_url=os.environ["PROVIDER_URL"])


async def frames(websocket: WebSocket) -> AsyncIterator[bytes]:
    """Yield what the client records, up to its `stop`."""
    while (message := await websocket.receive())["type"] == "websocket.receive":
        if (pcm := message.get("bytes")) is not None:
            yield pcm
        elif json.loads(message["text"])["type"] == "stop":
            return


@app.websocket(REALTIME_PATH)
async def transcribe(websocket: WebSocket) -> None:
    """Relay one session."""
    await websocket.accept()
    start = await websocket.receive_json()
    events = client.audio.realtime.transcribe_stream(
        audio_stream=frames(websocket),
        model=os.environ["MODEL"],
        audio_format=AudioFormat.model_validate(start["audio_format"]),
    )
    async for event in events:
        if isinstance(event, TranscriptionStreamTextDelta):
            await websocket.send_json({"type": "delta", "text": event.text})
        elif isinstance(event, RealtimeTranscriptionSessionCreated):
            await websocket.send_json({"type": "ready", "v": 1})
        elif isinstance(event, TranscriptionStreamDone):
            final = {"type": "final", "text": event.text, "status": "complete"}
            await websocket.send_json(final)
    await websocket.close()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        tell({"port": listener.getsockname()[1]})
        config = uvicorn.Config(app, loop="uvloop", log_level="warning", access_log=False)
        uvicorn.Server(config).run([listener])
