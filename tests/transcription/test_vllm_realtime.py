"""The realtime half of the vLLM adapter: its order of commits, and what vLLM says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection

from local_stack.provider import ProviderServer, Script, serve
from local_stack.provider.vllm.wire import VllmWire
from tests.doubles.numbered_audio import frame
from tests.doubles.played import heard, played
from tests.wires import KEY, VLLM
from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import (
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
)
from transcription.providers.vllm.models import VllmModels
from transcription.providers.vllm.realtime import VllmRealtime

OPTIONS = RealtimeOptions(VLLM.live_model)
FRAMES = [frame(number) for number in range(4)]
START = {"type": "input_audio_buffer.commit", "final": False}
END = {"type": "input_audio_buffer.commit", "final": True}


@asynccontextmanager
async def _served(
    script: Script | None = None, key: str | None = KEY
) -> AsyncIterator[ProviderServer]:
    async with serve(VLLM.engine(script), wire=VllmWire(key)) as server:
        yield server


def _vllm(url: str, key: str | None = KEY) -> VllmRealtime:
    secret = None if key is None else SecretStr(key)
    return VllmRealtime(server_url=url, api_key=secret, connect_seconds=5)


async def test_the_order_of_what_is_sent() -> None:
    """The model, audio, a commit behind the first of it, more audio, the last commit: as text."""
    async with _served() as server, _vllm(server.url).open_realtime(OPTIONS) as session:
        assert session.request_id == f"sess-{server.sessions[0].request_id}"
        assert not session.offer(FRAMES[0])
        await session.send(FRAMES[0])
        for pcm in FRAMES[1:]:
            assert session.offer(pcm)
        await session.end()
        await session.end()
        await heard(session)
        seen = server.sessions[0]
    assert bytes(seen.audio) == b"".join(FRAMES)
    assert seen.messages[0] == {"type": "session.update", "model": OPTIONS.model}
    assert [message["type"] for message in seen.messages] == [
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        *["input_audio_buffer.append"] * 3,
        "input_audio_buffer.commit",
    ]
    assert (seen.messages[2], seen.messages[-1]) == (START, END)


async def test_empty_deltas_are_signs_of_life_and_seconds_are_ours() -> None:
    """An empty delta is told and adds nothing; how much audio it was is counted here."""
    script = Script(deltas=("", "one", "", " two", ""), delta_every_ms=80)
    async with _served(script) as server, _vllm(server.url).open_realtime(OPTIONS) as session:
        for pcm in FRAMES:
            await session.send(pcm)
        await session.end()
        assert await heard(session) == [
            TextDelta(""),
            TextDelta("one"),
            TextDelta(""),
            TextDelta(" two"),
            TextDelta(""),
            TranscriptDone("one two", billed_seconds=0.4),
        ]
        assert server.sessions[0].sent.count("transcription.delta") == 5


async def test_what_was_not_taken_is_not_counted() -> None:
    """A frame that is offered in vain and then sent counts once."""
    read_on = asyncio.Event()

    async def play(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await socket.send(VLLM.created)
        await read_on.wait()
        socket.transport.resume_reading()
        while json.loads(await socket.recv()) != END:
            pass
        await socket.send('{"type": "transcription.done", "text": "a"}')
        await socket.wait_closed()

    pcm, taken = bytes(64_000), 1
    async with played(play) as url, _vllm(url).open_realtime(OPTIONS) as session:
        await session.send(pcm)
        while session.offer(pcm):
            taken += 1
        read_on.set()
        await session.send(pcm)
        await session.end()
        assert await heard(session) == [TranscriptDone("a", None, 2.0 * (taken + 1))]


@pytest.mark.parametrize("end_first", [True, False])
async def test_no_audio_is_an_empty_transcript(end_first: bool) -> None:
    """Where no audio came vLLM would never answer: the session is done all the same."""
    async with _served() as server, _vllm(server.url).open_realtime(OPTIONS) as session:
        if end_first:
            await session.end()
            events = await heard(session)
        else:
            events, _ = await asyncio.gather(heard(session), session.end())
        assert events == [TranscriptDone("", billed_seconds=0.0)]


@pytest.mark.parametrize("right", [True, False])
async def test_a_key_is_told_only_where_there_is_one(right: bool) -> None:
    """Without a key no header is sent; a wrong or a missing one is the operator's alarm."""
    async with _served(key="theirs" if not right else None) as server:
        opened = _vllm(server.url, None).open_realtime(OPTIONS)
        if right:
            async with opened:
                assert "authorization" not in server.sessions[0].headers
        else:
            with pytest.raises(ProviderKeyRefused):
                async with opened:
                    raise AssertionError


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        ({"error": "The model `x` does not exist.", "code": "model_not_found"}, None, "`x`"),
        ({"error": "Invalid audio data", "code": "invalid_audio"}, None, "Invalid audio"),
        ({"error": "Unknown event type: x", "code": "unknown_event"}, None, "Unknown event"),
        ({"error": "secret stack", "code": "processing_error"}, ProviderUnavailable, None),
        ({"error": "secret stack", "code": "of tomorrow"}, ProviderUnavailable, None),
        ({"error": "secret stack", "code": None}, ProviderUnavailable, None),
        ({"error": {"message": "secret"}, "code": ["x"]}, ProviderUnavailable, None),
        ({}, ProviderUnavailable, None),
    ],
    ids=lambda value: str(value.get("code")) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("created", [False, True])
async def test_an_error_is_a_string_and_a_code(
    created: bool, event: dict[str, Any], kind: type[ProviderError] | None, words: str | None
) -> None:
    """An error event is the error that its code means; no done is waited for."""

    async def play(socket: ServerConnection) -> None:
        if created:
            await socket.send(VLLM.created)
        await socket.send(json.dumps({"type": "error", **event}))
        await socket.wait_closed()

    async with played(play) as url:
        with pytest.raises(ProviderError) as failure:
            async with _vllm(url).open_realtime(OPTIONS) as session:
                await heard(session)
    assert type(failure.value) is (kind or ProviderRejected)
    assert (words or "provider") in failure.value.message
    assert "secret" not in failure.value.message


async def test_what_nobody_knows_is_passed_over() -> None:
    """Garbage, bytes and events of tomorrow change nothing."""
    odd: list[str | bytes] = [
        "{",
        "null",
        b"\x00\x01",
        '{"type": 7}',
        '{"type": "transcription.delta"}',
        '{"type": "transcription.delta", "delta": 7}',
        '{"type": "transcription.done"}',
        '{"type": "session.created", "id": 7}',
        '{"type": "transcription.tomorrow"}',
    ]

    async def play(socket: ServerConnection) -> None:
        for message in odd:
            await socket.send(message)
        await socket.send(VLLM.created)
        for message in odd:
            await socket.send(message)
        await socket.send('{"type": "transcription.delta", "delta": "a", "new": {}}')
        await socket.send('{"type": "transcription.done", "text": "a", "usage": null}')
        await socket.wait_closed()

    async with played(play) as url, _vllm(url).open_realtime(OPTIONS) as session:
        assert session.request_id == "by-hand"
        assert await heard(session) == [TextDelta("a"), TranscriptDone("a", None, 0.0)]


async def test_what_cannot_be_set_is_told() -> None:
    """A session is its model: neither language nor terms nor delay can be set."""
    vllm = VllmModels()
    can = await vllm.realtime_capabilities("any/name")
    assert (can.accepts_language, can.accepts_context_bias) == (False, False)
    assert can.streaming_delays_ms == ()
    assert "de" in can.languages
    await vllm.warm_up(["any/name"])
