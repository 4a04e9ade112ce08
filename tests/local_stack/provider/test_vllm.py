"""vLLM's wire: what it says, when it says nothing, and how it refuses."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from local_stack.provider import BatchScript, ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.cards import SELF_HOSTED
from local_stack.provider.offline import OfflineEngine, choose
from local_stack.provider.vllm import batch
from local_stack.provider.vllm.wire import VllmWire
from tests.local_stack.provider.wire import (
    FRAME,
    KEY,
    SAMPLES,
    frames_of,
    hear,
    hear_until,
    sample_pcm,
    sample_text,
    say,
)
from utter_transcribe.wer import word_error_rate as word_errors

MODEL = SELF_HOSTED[0].id
FILE = {"file": ("speech.wav", b"RIFF....", "audio/wav")}
START = {"type": "input_audio_buffer.commit", "final": False}
END = {"type": "input_audio_buffer.commit", "final": True}


@asynccontextmanager
async def serving(
    script: Script | list[Script] | None = None, wire: VllmWire | None = None
) -> AsyncIterator[ProviderServer]:
    """Serve a script over this wire."""
    engine = ScriptedEngine(script or Script(text="one two three"), cards=SELF_HOSTED)
    async with serve(engine, wire=wire or VllmWire()) as server:
        yield server


def dial(server: ProviderServer, **options: Any) -> connect:
    """Return a realtime connection, to be entered."""
    return connect(server.url.replace("http", "ws", 1) + "/v1/realtime", **options)


@asynccontextmanager
async def opened(server: ProviderServer) -> AsyncIterator[ClientConnection]:
    """Open a session that may begin."""
    async with dial(server) as socket:
        assert (await hear(socket))["type"] == "session.created"
        await say(socket, {"type": "session.update", "model": MODEL})
        yield socket


async def append(socket: ClientConnection, pcm: bytes = FRAME, times: int = 1) -> None:
    """Send audio, so many times."""
    audio = base64.b64encode(pcm).decode()
    for _ in range(times):
        await say(socket, {"type": "input_audio_buffer.append", "audio": audio})


def text_of(events: list[dict[str, Any]]) -> str:
    """Return the deltas joined."""
    return "".join(one["delta"] for one in events if one["type"] == "transcription.delta")


async def test_an_utterance() -> None:
    """After a first commit words come, after the final one the done; no seconds are told."""
    async with serving() as server, opened(server) as socket:
        await append(socket)
        await say(socket, START)
        await append(socket, times=3)
        await say(socket, END)
        events = await hear_until(socket, "transcription.done")
        assert text_of(events) == events[-1]["text"] == "one two three"
        assert events[-1]["usage"] == {
            "prompt_tokens": 0,
            "completion_tokens": 3,
            "total_tokens": 3,
            "prompt_tokens_details": None,
            "completion_tokens_details": None,
        }
        assert bytes(server.sessions[0].audio) == FRAME * 4


async def test_without_a_commit_nothing_comes() -> None:
    """Audio alone starts nothing, and neither does a commit that only ends it."""
    async with serving() as server, opened(server) as socket:
        await append(socket, times=3)
        await say(socket, END)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await hear(socket)
        await say(socket, START)
        events = await hear_until(socket, "transcription.done")
        assert events[-1]["text"] == "one two three"


async def test_a_commit_before_the_done_is_ignored() -> None:
    """What is sent between the last commit and the done is lost; the next utterance is whole."""
    script = Script(text="one two three", done_delay_ms=200)
    async with serving([script, Script(text="four")]) as server, opened(server) as socket:
        await append(socket)
        await say(socket, START)
        await say(socket, END)
        await append(socket, times=5)
        await say(socket, START)
        first = await hear_until(socket, "transcription.done")
        await append(socket)
        await say(socket, START)
        await say(socket, END)
        second = await hear_until(socket, "transcription.done")
        assert [one["type"] for one in first].count("transcription.done") == 1
        assert (first[-1]["text"], second[-1]["text"]) == ("one two three", "four")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid_json"),
        ('{"type": 7}', "unknown_event"),
        ("{}", "unknown_event"),
        ("[1]", "processing_error"),
        ('{"type": "input_audio.append"}', "unknown_event"),
        ('{"type": "session.update", "model": "gpt"}', "model_not_found"),
        ('{"type": "session.update", "session": {"model": "gpt"}}', "invalid_event"),
        ('{"type": "input_audio_buffer.append", "audio": "???"}', "invalid_audio"),
        ('{"type": "input_audio_buffer.append", "audio": ""}', "invalid_audio"),
        ('{"type": "input_audio_buffer.append", "audio": "AAAA"}', "invalid_audio"),
        ('{"type": "input_audio_buffer.append"}', "processing_error"),
        (json.dumps(START), "model_not_validated"),
    ],
)
async def test_errors_are_strings_and_close_nothing(message: str, code: str) -> None:
    """A mistake is answered by a string and a code, and the session goes on."""
    async with serving() as server, dial(server) as socket:
        await hear(socket)
        await socket.send(message)
        error = await hear(socket)
        assert (error["type"], error["code"]) == ("error", code)
        assert isinstance(error["error"], str)
        await say(socket, {"type": "session.update", "model": MODEL})
        await append(socket)
        await say(socket, START)
        await say(socket, END)
        assert (await hear_until(socket, "transcription.done"))[-1]["text"] == "one two three"


async def test_a_session_is_taken_as_loosely_as_it_takes_it() -> None:
    """No name is a model's name, any truth ends the audio, and no audio is an empty transcript."""
    async with serving([Script(text=""), Script(text="one")]) as server, dial(server) as socket:
        await hear(socket)
        await say(socket, {"type": "session.update", "model": ""})
        await say(socket, START)
        await say(socket, {**END, "final": "true"})
        assert (await hear_until(socket, "transcription.done"))[-1]["text"] == ""
        await append(socket)
        await say(socket, START)
        await say(socket, {**END, "final": "true"})
        assert (await hear_until(socket, "transcription.done"))[-1]["text"] == "one"


async def test_a_failure_while_recognising_has_no_done() -> None:
    """A failure in an utterance is told as `processing_error`, and no done follows it."""
    async with serving(Script(error_at_frame=2, error_message={"detail": "x"})) as server:
        async with opened(server) as socket:
            await append(socket)
            await say(socket, START)
            await append(socket, times=3)
            error = (await hear_until(socket, "error"))[-1]
            assert error == {"type": "error", "error": "x", "code": "processing_error"}
        assert "transcription.done" not in server.sessions[0].sent


async def test_after_an_error_it_hears_the_next_utterance() -> None:
    """A failure ends an utterance and not the session: the next one is heard."""
    scripts = [Script(error_at_frame=1), Script(text="one two")]
    async with serving(scripts) as server, opened(server) as socket:
        await append(socket, bytes(3200))
        await say(socket, START)
        assert (await hear_until(socket, "error"))[-1]["code"] == "processing_error"
        for _ in range(5):
            await append(socket, bytes(3200))
        await say(socket, START)
        await say(socket, END)
        done = (await hear_until(socket, "transcription.done"))[-1]
    assert done["text"] == "one two"


async def test_a_binary_frame_is_the_end() -> None:
    """A binary frame drops the connection, with no close frame."""
    async with serving() as server, dial(server) as socket:
        await hear(socket)
        await socket.send(FRAME)
        with pytest.raises(ConnectionClosedError) as closed:
            await hear(socket)
        assert closed.value.rcvd is None


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}])
async def test_a_wrong_key_is_refused_at_the_handshake(headers: dict[str, str]) -> None:
    """A server with a key answers 401 to everything but its health."""
    async with serving(wire=VllmWire("right")) as server, httpx.AsyncClient() as http:
        with pytest.raises(InvalidStatus) as refused:
            async with dial(server, additional_headers=headers):
                raise AssertionError
        assert refused.value.response.status_code == 401
        told = await http.post(f"{server.url}/v1/audio/transcriptions", headers=headers)
        assert told.status_code == 401
        assert told.json()["error"]["code"] == 401
        assert (await http.get(f"{server.url}/health")).status_code == 200
        right = {"Authorization": "Bearer right"}
        models = (await http.get(f"{server.url}/v1/models", headers=right)).json()
        assert [one["id"] for one in models["data"]] == [MODEL]


async def test_health_is_what_it_is_told_to_be() -> None:
    """An engine that is dead says 503."""
    wire = VllmWire()
    async with serving(wire=wire) as server, httpx.AsyncClient() as http:
        wire.healthy = False
        assert (await http.get(f"{server.url}/health")).status_code == 503


async def _ask(server: ProviderServer, **fields: Any) -> httpx.Response:
    async with httpx.AsyncClient(headers=KEY) as http:
        data = {"model": MODEL} | fields
        return await http.post(f"{server.url}/v1/audio/transcriptions", data=data, files=FILE)


async def test_a_file() -> None:
    """A file's answer is its text and whole seconds; fields that nobody knows change nothing."""
    async with serving() as server:
        answer = await _ask(server, diarize="true", context_bias="Acme")
    assert answer.json() == {"text": "one two three", "usage": {"type": "duration", "seconds": 2}}


async def test_a_stream() -> None:
    """A streamed answer is chunks without names of events, and a last word that is no JSON."""
    async with serving() as server:
        answer = await _ask(server, stream="true")
    lines = answer.text.strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert {one["object"] for one in chunks} == {"transcription.chunk"}
    told = [one["choices"][0] for one in chunks]
    assert "".join(one["delta"]["content"] for one in told) == "one two three"
    assert [one["finish_reason"] for one in told] == [None, None, None, "stop"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model": "gpt"}, 404),
        ({"response_format": "verbose_json"}, 400),
        ({"response_format": "srt"}, 400),
        ({"response_format": "yaml"}, 400),
        ({"timestamp_granularities[]": "segment"}, 400),
        ({"language": "xx"}, 400),
    ],
)
async def test_a_form_that_cannot_be_honoured(fields: dict[str, str], status: int) -> None:
    """What the model cannot do is refused, with an object that says why."""
    async with serving() as server:
        answer = await _ask(server, **fields)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is refused."""
    monkeypatch.setattr(batch, "MAX_FILE_BYTES", 4)
    async with serving() as server:
        answer = await _ask(server)
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        400,
        "Maximum file size exceeded",
    )


async def test_what_is_wrong_with_a_file_is_named() -> None:
    """An empty file is refused, and so is a model that is not there, by its field."""
    async with serving() as server, httpx.AsyncClient(base_url=server.url) as http:
        files = {"file": ("speech.wav", b"", "audio/wav")}
        empty = await http.post("/v1/audio/transcriptions", files=files)
        files = {"file": ("speech.wav", b"RIFF....", "audio/wav")}
        data = {"model": "gpt-9"}
        wrong = await http.post("/v1/audio/transcriptions", files=files, data=data)
    assert (empty.status_code, empty.json()["error"]["param"]) == (400, None)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (404, "model")


async def test_a_refusal_of_the_script() -> None:
    """A script refuses on this wire in this wire's shape."""
    refusal = BatchScript(status=429, message="busy", retry_after=7)
    async with serving(Script(batch=refusal)) as server:
        answer = await _ask(server)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["message"] == "busy"


@pytest.mark.process
async def test_real_words_over_this_wire() -> None:
    """The offline engine hears a sample over this wire, live and as a file."""
    reference = sample_text("short")
    async with serve(OfflineEngine(choose(None, {}), cards=SELF_HOSTED), wire=VllmWire()) as server:
        async with opened(server) as socket:
            first, *rest = frames_of(sample_pcm("short"))
            await append(socket, first)
            await say(socket, START)
            for pcm in rest:
                await append(socket, pcm)
            await say(socket, END)
            done = (await hear_until(socket, "transcription.done"))[-1]
        async with httpx.AsyncClient(timeout=30) as http:
            file = {"file": ("short.wav", (SAMPLES / "short.wav").read_bytes())}
            answer = await http.post(
                f"{server.url}/v1/audio/transcriptions", data={"model": MODEL}, files=file
            )
    for heard in (done["text"], answer.json()["text"]):
        assert word_errors(reference, heard) < 0.5
