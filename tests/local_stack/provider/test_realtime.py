"""The realtime half of the wire."""

from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.mistral.realtime import MAX_APPEND_BYTES
from tests.local_stack.provider.wire import (
    BATCH_MODEL,
    FRAME,
    KEY,
    append,
    dial,
    end,
    hear,
    hear_until,
    say,
    text_of,
)


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    """A server with a plain script."""
    async with serve(ScriptedEngine(Script(text="one two three"))) as server:
        yield server


async def test_session(server: ProviderServer) -> None:
    """A session says who it is first, then its deltas, and a done that is all of them."""
    async with dial(server) as socket:
        created = await hear(socket)
        assert created["type"] == "session.created"
        assert created["session"]["request_id"] == server.sessions[0].request_id
        assert created["session"]["audio_format"] == {
            "encoding": "pcm_s16le",
            "sample_rate": 16_000,
        }
        await append(socket, times=10)
        await say(socket, {"type": "input_audio.flush"})
        await end(socket)
        events = await hear_until(socket, "transcription.done")
        with pytest.raises(ConnectionClosedOK):
            await socket.recv()
    assert text_of(events) == events[-1]["text"] == "one two three"
    assert events[-1]["usage"]["prompt_audio_seconds"] == 1
    assert socket.close_code == 1000


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Basic abc", "Bearer"])
async def test_no_key(server: ProviderServer, authorization: str | None) -> None:
    """A handshake without a key is answered with 401, and so is nothing else."""
    headers = {} if authorization is None else {"Authorization": authorization}
    with pytest.raises(InvalidStatus) as refused:
        async with dial(server, additional_headers=headers):
            pass
    assert refused.value.response.status_code == 401
    assert server.sessions[0].status == 401
    assert server.sessions[0].closed.is_set()


@pytest.mark.parametrize("model", ["", "no-such-model", BATCH_MODEL])
async def test_unknown_model(server: ProviderServer, model: str) -> None:
    """A model that does not exist, or that does no realtime, is refused at the handshake."""
    with pytest.raises(InvalidStatus) as refused:
        async with dial(server, model):
            pass
    assert refused.value.response.status_code == 400


async def test_other_path(server: ProviderServer) -> None:
    """A WebSocket to any other path is not found."""
    url = server.url.replace("http", "ws", 1) + "/v1/realtime?model=x"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers=KEY):
            pass
    assert refused.value.response.status_code == 404


async def test_no_compression(server: ProviderServer) -> None:
    """A client that offers compression gets a connection without."""
    async with dial(server, compression="deflate") as socket:
        await hear(socket)
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_update(server: ProviderServer) -> None:
    """Options that a client sets before audio are told back to it."""
    async with dial(server) as socket:
        await hear(socket)
        await say(
            socket,
            {
                "type": "session.update",
                "session": {
                    "audio_format": {"encoding": "pcm_s16le", "sample_rate": 24_000},
                    "target_streaming_delay_ms": 480,
                    "language": "de",
                    "diarize": None,
                },
            },
        )
        updated = await hear(socket)
        assert updated["type"] == "session.updated"
        assert updated["session"]["audio_format"]["sample_rate"] == 24_000
        assert updated["session"]["target_streaming_delay_ms"] == 480
        assert updated["session"]["language"] == "de"


@pytest.mark.parametrize(
    ("session", "field"),
    [
        ({"language": "de-DE"}, "language"),
        ({"target_streaming_delay_ms": 79}, "target_streaming_delay_ms"),
        ({"context_bias": ["word"]}, "context_bias"),
        ({"diarize": True}, "diarize"),
        ({"speaker_references": {"ann": "…"}}, "speaker_references"),
        ({"turn_detection": {}}, "turn_detection"),
        ({"audio_format": {"encoding": "mp3", "sample_rate": 16_000}}, "encoding"),
        ({"no_such_option": 1}, "no_such_option"),
    ],
)
async def test_update_refused(
    server: ProviderServer, session: dict[str, object], field: str
) -> None:
    """An option that the model does not have is refused by name, and the session goes on."""
    async with dial(server) as socket:
        await hear(socket)
        await say(socket, {"type": "session.update", "session": session})
        error = await hear(socket)
        assert error["type"] == "error"
        assert field in error["error"]["message"]["detail"][0]["loc"]
        await end(socket)
        await hear_until(socket, "transcription.done")


async def test_update_after_audio(server: ProviderServer) -> None:
    """Options are refused once audio has started."""
    async with dial(server) as socket:
        await hear(socket)
        await append(socket)
        await say(socket, {"type": "session.update", "session": {"language": "en"}})
        error = await hear(socket)
        assert error["type"] == "error"
        assert isinstance(error["error"]["code"], int)


@pytest.mark.parametrize(
    "garbage",
    [
        "not json",
        "[]",
        "{}",
        '"text"',
        '{"type": "no.such.type"}',
        '{"type": "input_audio.append"}',
        '{"type": "input_audio.append", "audio": 7}',
        '{"type": "input_audio.append", "audio": "no base64!"}',
        '{"type": "session.update"}',
        b"\x00\xff",
    ],
)
async def test_garbage(server: ProviderServer, garbage: str | bytes) -> None:
    """What is no message is answered with an error event, and the session goes on."""
    async with dial(server) as socket:
        await hear(socket)
        await socket.send(garbage)
        error = await hear(socket)
        assert error["type"] == "error"
        assert error["error"]["message"]
        await append(socket)
        await end(socket)
        done = (await hear_until(socket, "transcription.done"))[-1]
        assert done["text"] == "one two three"
    assert server.sessions[0].frames == 1


async def test_oversize(server: ProviderServer) -> None:
    """An append holds at most 262,144 bytes of audio; a larger one is refused and not heard."""
    async with dial(server) as socket:
        await hear(socket)
        await append(socket, bytes(MAX_APPEND_BYTES))
        await append(socket, bytes(MAX_APPEND_BYTES + 2))
        error = (await hear_until(socket, "error"))[-1]
        assert str(MAX_APPEND_BYTES) in error["error"]["message"]
    await server.sessions[0].closed.wait()
    assert server.sessions[0].audio_bytes == MAX_APPEND_BYTES


async def test_message_too_big(server: ProviderServer) -> None:
    """A message that no append can be closes the socket with 1009."""
    async with dial(server) as socket:
        await hear(socket)
        await append(socket, bytes(1024 * 1024))
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        assert socket.close_code == 1009


async def test_audio_after_end() -> None:
    """Audio after its end is refused."""
    async with serve(ScriptedEngine(Script(at_end="never"))) as server, dial(server) as socket:
        await hear(socket)
        await end(socket)
        await append(socket)
        assert (await hear_until(socket, "error"))[-1]["error"]["message"] == "audio has ended"


async def test_record(server: ProviderServer) -> None:
    """A full record holds the audio and every message verbatim."""
    pcm = bytes(range(256)) * 10
    async with dial(server) as socket:
        await hear(socket)
        await append(socket, pcm)
        await append(socket, FRAME)
        await end(socket)
        await hear_until(socket, "transcription.done")
    record = server.sessions[0]
    await record.closed.wait()
    assert bytes(record.audio) == pcm + FRAME
    assert [message["type"] for message in record.messages] == [
        "input_audio.append",
        "input_audio.append",
        "input_audio.end",
    ]
    assert record.headers["authorization"] == "Bearer some-key"
    assert record.sent[0] == "session.created"
    assert record.sent[-1] == "transcription.done"
    assert not record.open


async def test_record_counts() -> None:
    """A counting record holds numbers and the rare messages, no audio."""
    async with serve(ScriptedEngine(), record="counts") as server:
        async with dial(server) as socket:
            await hear(socket)
            await append(socket, times=5)
            await end(socket)
            await hear_until(socket, "transcription.done")
        record = server.sessions[0]
        await record.closed.wait()
    assert (record.frames, record.audio_bytes, len(record.audio)) == (5, 16_000, 0)
    assert [message["type"] for message in record.messages] == ["input_audio.end"]
    assert record.sent == ["session.created", "transcription.done"]
