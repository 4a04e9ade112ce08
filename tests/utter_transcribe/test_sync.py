"""The library without `async`."""

import asyncio
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from shared_schema.errors import ErrorCode
from tests.doubles.bridge import scripted_bridge
from tests.doubles.http import serve_answers
from tests.utter_transcribe.listener import Tokens
from tests.utter_transcribe.test_cli import good, take  # noqa: F401 - a fixture
from tests.utter_transcribe.test_files import ANSWER, VOICE, problem
from utter_transcribe import ApiError, Clone, Event, sync


async def test_files_and_voices(take: Path) -> None:  # noqa: F811
    """A call blocks and returns what the service says, also where a loop runs already."""
    clone = Clone("Mine", "English", "twelve words or so", "edited", consent=True)

    async def in_a_loop(url: str) -> list[object]:
        told: list[object] = [
            sync.transcribe_file(str(take), url, Tokens()).text,
            sync.clone(take, clone, url, Tokens()).voice_id,
            [voice.voice_id for voice in sync.voices(url, Tokens())],
        ]
        sync.bundle("v1", take.with_suffix(".zip"), url, Tokens(), "fish")
        return told

    async with serve_answers(
        JSONResponse(ANSWER),
        JSONResponse(VOICE, 201),
        JSONResponse({"voices": [VOICE]}),
        Response(b"PK", media_type="application/zip"),
    ) as service:
        told = await asyncio.to_thread(lambda: asyncio.run(in_a_loop(service.url)))
    assert told == [ANSWER["text"], "v1", ["v1"]]
    assert take.with_suffix(".zip").read_bytes() == b"PK"


async def test_a_refusal(take: Path) -> None:  # noqa: F811
    """A refusal is the same error as in the library's other half."""
    async with serve_answers(problem(ErrorCode.QUOTA_EXCEEDED, 429)) as service:
        with pytest.raises(ApiError) as refused:
            await asyncio.to_thread(sync.transcribe_file, take, service.url, Tokens())
    assert refused.value.status == 429


async def test_live(take: Path) -> None:  # noqa: F811
    """A file is played to the bridge, and what happens is told meanwhile."""
    events: list[Event] = []
    async with scripted_bridge(good) as bridge:
        result = await asyncio.to_thread(
            sync.transcribe_live, take, bridge.url, Tokens(), on_event=events.append
        )
    assert result.status == "complete"
    assert result.text
    assert events
