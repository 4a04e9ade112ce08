"""The offline engine behind the wire."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from mistralai.client import Mistral
from mistralai.client.models import (
    AudioFormat,
    TranscriptionStreamDone,
    TranscriptionStreamTextDelta,
)
from websockets.exceptions import InvalidStatus

from local_stack.provider import ProviderServer, serve
from local_stack.provider.offline import Model, OfflineEngine
from local_stack.provider.offline.models import Library, is_installed
from tests.local_stack.provider.wire import (
    BATCH_MODEL,
    KEY,
    REALTIME_MODEL,
    SAMPLES,
    append,
    dial,
    end,
    eventually,
    frames_of,
    hear,
    hear_until,
    plain,
    plain_sample,
    sample_pcm,
    sample_text,
    say,
    text_of,
)
from utter_transcribe.wer import word_error_rate as word_errors

BOTH: tuple[Library, ...] = ("moonshine", "sphinx")
LIBRARIES = [one for one in BOTH if is_installed(one)]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.process]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LIBRARIES)
async def engine(request: pytest.FixtureRequest) -> OfflineEngine:
    """An engine for two sessions and two files at a time, entered by `server`."""
    return OfflineEngine(Model(request.param), max_sessions=2, max_files=2)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(engine: OfflineEngine) -> AsyncIterator[ProviderServer]:
    """One server for all tests here: loading the models takes a second."""
    async with serve(engine) as server:
        yield server


def letters(text: str) -> str:
    """A text without case, punctuation and spaces: live, "tomorrow" may come as "to morrow"."""
    return plain(text).replace(" ", "")


async def transcribe(server: ProviderServer, name: str) -> list[dict[str, Any]]:
    """All events of a sample, sent as fast as it is taken."""
    async with dial(server) as socket:
        await hear(socket)
        for frame in frames_of(sample_pcm(name)):
            await append(socket, frame)
        await end(socket)
        return await hear_until(socket, "transcription.done")


async def post(server: ProviderServer, data: bytes, **fields: str) -> httpx.Response:
    """Send a file."""
    async with httpx.AsyncClient(base_url=server.url, headers=KEY, timeout=60) as client:
        return await client.post(
            "/v1/audio/transcriptions",
            data={"model": BATCH_MODEL, **fields},
            files={"file": ("speech.wav", data)},
        )


async def test_sdk_transcribes_the_reference(server: ProviderServer) -> None:
    """The SDK's own realtime client, unmodified, transcribes the reference sample."""

    async def audio() -> AsyncIterator[bytes]:
        for frame in frames_of(sample_pcm("reference")):
            yield frame

    async with Mistral(api_key="k", server_url=server.url) as client:
        events = [
            event
            async for event in client.audio.realtime.transcribe_stream(
                audio(),
                REALTIME_MODEL,
                AudioFormat(encoding="pcm_s16le", sample_rate=16_000),
                language="en",
            )
        ]
    done = events[-1]
    assert isinstance(done, TranscriptionStreamDone)
    deltas = [e.text for e in events if isinstance(e, TranscriptionStreamTextDelta)]
    assert "".join(deltas) == done.text
    assert len(deltas) > done.text.count(".")  # Words come before their line ends.
    assert word_errors(sample_text("reference"), done.text) <= 0.06
    assert done.usage.prompt_audio_seconds == 18


async def test_two_at_once(server: ProviderServer) -> None:
    """Two sessions in parallel hear what one hears alone, but for how a word is written."""
    alone = await transcribe(server, "short")
    both = await asyncio.gather(transcribe(server, "short"), transcribe(server, "short"))
    for events in (alone, *both):
        assert letters(text_of(events)) == letters(sample_text("short"))


async def test_capacity(server: ProviderServer) -> None:
    """One session too many is refused with 429 and Retry-After; a place given back is free."""
    async with dial(server) as first, dial(server) as second:
        await hear(first)
        await hear(second)
        with pytest.raises(InvalidStatus) as refused:
            async with dial(server):
                pass
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["Retry-After"]) > 0
    await server.sessions[-2].closed.wait()
    async with dial(server) as next_one:
        assert (await hear(next_one))["type"] == "session.created"


async def test_language_first(server: ProviderServer) -> None:
    """The language is told before the first word."""
    events = await transcribe(server, "short")
    assert events[0] == {"type": "transcription.language", "audio_language": "en"}
    assert events[-1]["language"] == "en"


async def test_flush(server: ProviderServer) -> None:
    """A flush brings the words so far, while the session goes on."""
    pcm = sample_pcm("short")
    async with dial(server) as socket:
        await hear(socket)
        await append(socket, pcm[: 32_000 * 3])
        await say(socket, {"type": "input_audio.flush"})
        await hear_until(socket, "transcription.text.delta")
        await append(socket, pcm[32_000 * 3 :])
        await end(socket)
        await hear_until(socket, "transcription.done")


async def test_other_audio(server: ProviderServer) -> None:
    """Audio that the engine cannot take is refused, and so is a language it cannot hear."""
    async with dial(server) as socket:
        await hear(socket)
        for session in (
            {"audio_format": {"encoding": "pcm_s16le", "sample_rate": 48_000}},
            {"audio_format": {"encoding": "pcm_f32le", "sample_rate": 16_000}},
            {"language": "de"},
        ):
            await say(socket, {"type": "session.update", "session": session})
            assert (await hear(socket))["type"] == "error"
        await say(socket, {"type": "session.update", "session": {"language": "en"}})
        assert (await hear(socket))["type"] == "session.updated"


async def test_worker_crash(server: ProviderServer, engine: OfflineEngine) -> None:
    """A engine that dies ends its own session with an error, and no other."""
    async with dial(server) as other:
        await hear(other)
        before = set(engine.pids)
        async with dial(server) as socket:
            await hear(socket)
            await append(socket)
            (victim,) = set(engine.pids) - before
            os.kill(victim, signal.SIGKILL)
            error = await hear(socket)
            assert error["type"] == "error"
            await server.sessions[-1].closed.wait()
        for frame in frames_of(sample_pcm("short")):
            await append(other, frame)
        await end(other)
        heard = await hear_until(other, "transcription.done")
    assert letters(heard[-1]["text"]) == letters(sample_text("short"))
    assert letters(text_of(await transcribe(server, "short"))) == letters(sample_text("short"))


async def test_nursery_crash(server: ProviderServer, engine: OfflineEngine) -> None:
    """When the process that workers are forked from dies, the next session starts another."""
    me = psutil.Process()
    (nursery,) = [p for p in me.children() if "nursery" in " ".join(p.cmdline())]
    nursery.kill()
    await eventually(lambda: not nursery.is_running() or nursery.status() == "zombie")
    assert letters(text_of(await transcribe(server, "short"))) == letters(sample_text("short"))


async def test_client_leaves(server: ProviderServer, engine: OfflineEngine) -> None:
    """A client that leaves in mid speech takes its engine with it."""
    await eventually(lambda: not engine.pids)  # of the session before, which may still be leaving
    socket = await dial(server)
    await hear(socket)
    (pid,) = engine.pids
    await append(socket, sample_pcm("short")[:200_000:])
    socket.transport.abort()
    await server.sessions[-1].closed.wait()
    await eventually(lambda: not psutil.pid_exists(pid))
    assert engine.pids == []


async def test_file(server: ProviderServer) -> None:
    """A file is heard whole, with the seconds of its audio."""
    answer = (await post(server, (SAMPLES / "short.wav").read_bytes())).json()
    assert plain(answer["text"]) == plain_sample("short")
    assert answer["usage"]["prompt_audio_seconds"] == 5
    assert answer["segments"] == []


@pytest.mark.parametrize(("granularity", "count"), [("segment", 1), ("word", 10)])
async def test_file_timestamps(server: ProviderServer, granularity: str, count: int) -> None:
    """Segments and words lie in order within the audio, and joined they are the text."""
    data = (SAMPLES / "short.wav").read_bytes()
    answer = (await post(server, data, timestamp_granularities=granularity)).json()
    segments = answer["segments"]
    assert len(segments) == count
    assert " ".join(segment["text"] for segment in segments) == answer["text"]
    times = [time for segment in segments for time in (segment["start"], segment["end"])]
    assert times == sorted(times)
    assert 0.4 < times[0] < times[-1] < 4.8


async def test_file_stream(server: ProviderServer) -> None:
    """A streamed file brings each utterance as it is heard; joined they are the text."""
    response = await post(server, (SAMPLES / "reference.wav").read_bytes(), stream="true")
    assert response.text.count("event: transcription.text.delta") == 3
    assert plain_sample("reference") in plain(response.text)


async def test_file_unreadable(server: ProviderServer, engine: OfflineEngine) -> None:
    """What is no audio is refused with 400, and leaves no process."""
    response = await post(server, b"hello")
    assert response.status_code == 400
    assert engine.pids == []


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_file_crash(server: ProviderServer, engine: OfflineEngine, stream: str) -> None:
    """A engine that dies in a file is told as an error, and the next file is heard."""
    data = (SAMPLES / "reference.wav").read_bytes()
    answer = asyncio.create_task(post(server, data, stream=stream))
    await eventually(lambda: bool(engine.pids))
    os.kill(engine.pids[0], signal.SIGKILL)
    response = await answer
    assert "ended unexpectedly" in response.text
    assert response.status_code == (500 if stream == "false" else 200)
    assert (await post(server, (SAMPLES / "short.wav").read_bytes())).status_code == 200


async def test_too_many_files(server: ProviderServer, engine: OfflineEngine) -> None:
    """Files beyond those that may wait are refused with 429; the others are heard in turn."""
    data = (SAMPLES / "short.wav").read_bytes()
    answers = await asyncio.gather(*(post(server, data) for _ in range(5)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 429}
    assert codes.count(200) >= engine.max_files
    assert engine.pids == []


async def test_silent_file(server: ProviderServer) -> None:
    """A silent file has an empty text."""
    silent = (SAMPLES / "short.wav").read_bytes()[:44] + bytes(32_000 * 2)
    answer = (await post(server, silent)).json()
    assert (answer["text"], answer["segments"]) == ("", [])


async def test_leaving_leaves_no_process() -> None:
    """An engine that is left has no process any more, whatever its sessions were doing."""
    engine = OfflineEngine(Model(LIBRARIES[0]))
    others = set(psutil.Process().children(recursive=True))
    async with serve(engine) as server:
        socket = await dial(server)
        await hear(socket)
        await append(socket, sample_pcm("short"))
        processes = set(psutil.Process().children(recursive=True)) - others
        assert set(engine.pids) < {process.pid for process in processes}
    assert engine.pids == []
    await eventually(lambda: not any(process.is_running() for process in processes))
    await socket.wait_closed()
