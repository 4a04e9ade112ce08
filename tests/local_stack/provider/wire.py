"""A bare client of the wire, so that tests see every byte and nothing is forgiven."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

import local_stack
from local_stack.provider import ProviderServer
from utter_transcribe.wer import words

REALTIME_MODEL = "voxtral-mini-transcribe-realtime-2602"
BATCH_MODEL = "voxtral-mini-2602"
KEY = {"Authorization": "Bearer some-key"}
FRAME = bytes(3200)
"""100 ms of silence."""

SAMPLES = Path(local_stack.__file__).parent / "samples"


def sample_pcm(name: str) -> bytes:
    """A speech sample without its WAV header."""
    return (SAMPLES / f"{name}.wav").read_bytes()[44:]


def sample_text(name: str) -> str:
    """A speech sample's transcript on one line."""
    return " ".join((SAMPLES / f"{name}.txt").read_text().split())


def frames_of(pcm: bytes, size: int = len(FRAME)) -> list[bytes]:
    """Audio in pieces of so many bytes."""
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


def dial(server: ProviderServer, model: str = REALTIME_MODEL, **options: Any) -> connect:
    """A realtime connection, to be entered; compression is offered as most clients do."""
    url = server.url.replace("http", "ws", 1) + "/v1/audio/transcriptions/realtime"
    return connect(f"{url}?model={model}", **{"additional_headers": KEY, **options})


async def say(socket: ClientConnection, message: dict[str, Any]) -> None:
    """Send one message."""
    await socket.send(json.dumps(message))


async def append(socket: ClientConnection, pcm: bytes = FRAME, times: int = 1) -> None:
    """Send audio, so many times."""
    message = {"type": "input_audio.append", "audio": base64.b64encode(pcm).decode()}
    for _ in range(times):
        await say(socket, message)


async def end(socket: ClientConnection) -> None:
    """Say that no more audio comes."""
    await say(socket, {"type": "input_audio.end"})


async def hear(socket: ClientConnection) -> dict[str, Any]:
    """The next event."""
    event = json.loads(await socket.recv())
    assert isinstance(event, dict)
    return event


async def hear_until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """All events up to and with the first of this type."""
    events = [await hear(socket)]
    while events[-1]["type"] != kind:
        events.append(await hear(socket))
    return events


def text_of(events: list[dict[str, Any]]) -> str:
    """The deltas joined, with nothing between."""
    return "".join(e["text"] for e in events if e["type"] == "transcription.text.delta")


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for something that happens elsewhere; the test's own timeout bounds it."""
    while not holds():  # noqa: ASYNC110 - records and processes tell no one
        await asyncio.sleep(0.005)


def plain(text: str) -> str:
    """A text without case and punctuation."""
    return " ".join(words(text))


def plain_sample(name: str) -> str:
    """A speech sample's transcript, without case and punctuation."""
    return plain(sample_text(name))
