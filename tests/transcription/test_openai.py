"""A server of OpenAI's shape: what is its own, over loopback with the scripted provider."""

import json
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import respx
from pydantic import SecretStr

from local_stack.provider import BatchScript, ProviderServer, Script, serve
from tests.doubles.played import heard
from tests.wires import KEY, OPENAI
from transcription.errors import ProviderRejected, ProviderUnavailable
from transcription.providers.base import (
    AudioFile,
    FileOptions,
    RealtimeOptions,
    Segment,
    TextDelta,
    TranscriptDone,
    TranscriptionResult,
    Word,
)
from transcription.providers.openai.files import OpenAIFiles
from transcription.providers.openai.models import OpenAIModels
from transcription.providers.openai.realtime import Faster

MODEL = OPENAI.file_model
OPTIONS = FileOptions(MODEL)


@pytest.fixture
def audio(tmp_path: Path) -> AudioFile:
    """A file; what is in it matters to nobody here."""
    path = tmp_path / "speech.wav"
    path.write_bytes(b"RIFF....")
    return AudioFile(path, "audio/wav", duration_seconds=4.0, size=8)


@asynccontextmanager
async def client(url: str) -> AsyncIterator[OpenAIFiles]:
    """Open our client; its retries hurry."""
    files = OpenAIFiles(
        server_url=url,
        api_key=SecretStr(KEY),
        connect_seconds=2.0,
        deadline_seconds=5.0,
        first_pause_seconds=0.01,
    )
    try:
        yield files
    finally:
        await files.aclose()


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[tuple[OpenAIFiles, ProviderServer]]:
    """Open our client of a scripted server."""
    async with (
        serve(OPENAI.engine(script), wire=OPENAI.served.wire()) as server,
        client(server.url) as files,
    ):
        yield files, server


async def test_times_come_with_the_verbose_answer(audio: AudioFile) -> None:
    """Segments and words have their times, and the language is a code, by whatever name it came."""
    async with scripted(Script(text="one two", language="en")) as (files, server):
        plain = await files.transcribe_file(audio, OPTIONS)
        segments = await files.transcribe_file(audio, FileOptions(MODEL, timestamps="segment"))
        words = await files.transcribe_file(audio, FileOptions(MODEL, timestamps="word"))
    assert (plain.segments, plain.words, plain.provider_metadata["billed_seconds"]) == ((), (), 4.0)
    assert segments.segments == (Segment("one two", 0.0, 0.8),)
    assert words.words == (Word("one", 0.0, 0.4), Word("two", 0.4, 0.8))
    assert segments.language == words.language == "en"
    fields = [dict(request.fields) for request in server.requests]
    assert [one["response_format"] for one in fields] == ["json", "verbose_json", "verbose_json"]
    assert fields[2]["timestamp_granularities[]"] == "word"


async def test_what_is_asked_for_is_in_the_form(audio: AudioFile) -> None:
    """Language and words to expect go along; the key is a bearer."""
    options = FileOptions(MODEL, "de", ("Voxtral", "a talk about birds"))
    async with scripted(Script(text="one")) as (files, server):
        await files.transcribe_file(audio, options)
    [request] = server.requests
    assert dict(request.fields) == {
        "model": MODEL,
        "response_format": "json",
        "language": "de",
        "prompt": "Voxtral, a talk about birds",
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("streams", [True, False])
async def test_a_stream_is_taken_where_there_is_one(audio: AudioFile, streams: bool) -> None:
    """A server that passes over `stream` answers with the whole, which is one piece then."""
    script = Script(text="one two")
    if not streams:
        script = Script(batch=BatchScript(body=json.dumps({"text": "one two"})))
    async with scripted(script) as (files, server):
        *deltas, result = [event async for event in files.stream_file(audio, OPTIONS)]
    assert deltas == ([TextDelta("one"), TextDelta(" two")] if streams else [TextDelta("one two")])
    assert isinstance(result, TranscriptionResult)
    assert result.text == "one two"
    assert dict(server.requests[0].fields)["stream"] == "true"


@respx.mock
@pytest.mark.parametrize(
    ("answer", "language", "segments"),
    [
        ({"text": "a", "language": "english"}, "en", ()),
        ({"text": "a", "language": "klingon", "duration": None, "segments": None}, None, ()),
        ({"text": "a", "segments": [{"text": "x", "start": "0"}, 7, {"start": 1}]}, None, ("x",)),
    ],
)
async def test_an_answer_needs_its_text_alone(
    audio: AudioFile, answer: dict[str, Any], language: str | None, segments: tuple[str, ...]
) -> None:
    """Servers differ: what is missing or odd costs no text."""
    respx.post("https://shaped.test/v1/audio/transcriptions").respond(json=answer)
    async with client("https://shaped.test") as files:
        result = await files.transcribe_file(audio, OPTIONS)
    assert (result.text, result.language) == ("a", language)
    assert result.segments == tuple(Segment(text, None, None) for text in segments)


@respx.mock
@pytest.mark.parametrize("events", ['data: {"error": {"message": "x"}}\n\n', "", "data: 7\n\n"])
async def test_a_stream_that_fails(audio: AudioFile, events: str) -> None:
    """An error in the stream, its end without a done, and what is no event are failures."""
    route = respx.post("https://shaped.test/v1/audio/transcriptions")
    route.respond(text=events, content_type="text/event-stream")
    async with client("https://shaped.test") as files:
        with pytest.raises(ProviderUnavailable):
            _ = [event async for event in files.stream_file(audio, OPTIONS)]


async def test_models_of_text_alone_have_no_times() -> None:
    """OpenAI's own newer models give `json` alone; Whisper gives times."""
    models = OpenAIModels()
    assert (await models.file_capabilities("gpt-4o-transcribe")).timestamps == frozenset()
    assert (await models.file_capabilities("whisper-large-v3")).timestamps == {"segment", "word"}


async def test_a_session_is_one_turn() -> None:
    """The session is a transcription of 24 kHz without the server's turns, and ends in a commit."""
    options = RealtimeOptions(OPENAI.live_model, "de", ("Voxtral",))
    async with serve(OPENAI.engine(Script(text="one two")), wire=OPENAI.served.wire()) as server:
        async with OPENAI.live(server.url, 5.0).open_realtime(options) as session:
            for _ in range(4):
                await session.send(bytes(3200))
            await session.end()
            await session.end()
            told = await heard(session)
        async with OPENAI.live(server.url, 5.0).open_realtime(options) as session:
            await session.end()
            assert await heard(session) == [TranscriptDone("", billed_seconds=0.0)]
    assert told == [
        TextDelta("one"),
        TextDelta(" two"),
        TranscriptDone("one two", billed_seconds=0.4),
    ]
    record, _ = server.sessions
    update, *audio, commit = record.messages
    heard_as = update["session"]["audio"]["input"]
    assert heard_as["format"] == {"type": "audio/pcm", "rate": 24000}
    assert heard_as["turn_detection"] is None
    assert heard_as["transcription"] == {
        "model": OPENAI.live_model,
        "language": "de",
        "keywords": ["Voxtral"],
    }
    assert commit == {"type": "input_audio_buffer.commit"}
    assert (len(audio), record.audio_bytes) == (4, 4 * 4800)


async def test_a_model_that_is_not_there_is_refused() -> None:
    """The refusal comes as an event, and is told in words."""
    async with serve(OPENAI.engine(), wire=OPENAI.served.wire()) as server:
        with pytest.raises(ProviderRejected, match="does not exist"):
            async with OPENAI.live(server.url, 5.0).open_realtime(
                RealtimeOptions("gpt-9")
            ) as session:
                await heard(session)


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 100])
def test_audio_is_made_anew_whatever_its_pieces(pieces: int) -> None:
    """Pieces of any length give the same stream: 3 samples of 2, on the lines between them."""
    samples = array("h", [round(1000 * (n % 50)) - 25_000 for n in range(600)])
    whole = array("h", Faster().feed(samples.tobytes()))
    faster, parts = Faster(), bytearray()
    for at in range(0, len(samples), pieces):
        parts += faster.feed(samples[at : at + pieces].tobytes())
    assert bytes(parts) == whole.tobytes()
    assert len(whole) == 900
    assert (whole[0], whole[3], whole[5]) == (0, samples[1], (2 * samples[2] + samples[3]) // 3)
