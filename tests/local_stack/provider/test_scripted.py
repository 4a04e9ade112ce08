"""Every way in which a script can make the realtime half fail."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.script import SegmentScript, TurnScript
from tests.local_stack.provider.wire import (
    FRAME,
    append,
    dial,
    end,
    eventually,
    hear,
    hear_until,
    say,
    text_of,
)

LIVE_3 = "voxtral-mini-transcribe-realtime-3"
WORDS = "one two three four five six seven eight nine ten"


@asynccontextmanager
async def session(
    *scripts: Script, **options: Any
) -> AsyncIterator[tuple[ProviderServer, ClientConnection]]:
    """A server with these scripts, and a session that has begun on it."""
    async with serve(ScriptedEngine(scripts)) as server, dial(server, **options) as socket:
        assert (await hear(socket))["type"] == "session.created"
        yield server, socket


async def test_pace() -> None:
    """A delta comes for every so many milliseconds of audio, whatever the size of the frames."""
    async with session(Script(text=WORDS, delta_every_ms=300)) as (_, socket):
        await append(socket, bytes(2 * 16 * 299))
        await append(socket, bytes(2 * 16 * 1))
        assert (await hear(socket))["text"] == "one"
        await append(socket, bytes(2 * 16 * 600))
        assert [(await hear(socket))["text"] for _ in range(2)] == [" two", " three"]


async def test_rest_at_end() -> None:
    """The end brings what is left of the text, unless the script says otherwise."""
    for rest, text in ((True, WORDS), (False, "one two")):
        script = Script(text=WORDS, delta_every_ms=100, rest_at_end=rest)
        async with session(script) as (_, socket):
            await append(socket, times=2)
            await end(socket)
            events = await hear_until(socket, "transcription.done")
            assert text_of(events) == events[-1]["text"] == text


async def test_repeat() -> None:
    """A repeating text goes on for as long as audio comes, its words always parted."""
    script = Script(text="one two", repeat=True, delta_every_ms=100)
    async with session(script) as (_, socket):
        await append(socket, times=5)
        await end(socket)
        assert text_of(await hear_until(socket, "transcription.done")) == "one two one two one"


async def test_deltas_verbatim() -> None:
    """Deltas of a script are sent as they are, empty ones as well."""
    script = Script(deltas=("a", "", "  b", "\n"), delta_every_ms=100, done_text="other")
    async with session(script) as (_, socket):
        await append(socket, times=4)
        await end(socket)
        events = await hear_until(socket, "transcription.done")
        assert [event["text"] for event in events] == ["a", "", "  b", "\n", "other"]


async def test_beside_the_text() -> None:
    """Speakers and turns come at their frames, to a client that asked for them, and to no other."""
    script = Script(
        text="one",
        segments=(SegmentScript(at_frame=2, text="one", start=0, end=0.1, speaker="ann"),),
        turns=(
            TurnScript(at_frame=1, event="start", at=0.1),
            TurnScript(at_frame=2, event="end", at=0.2),
        ),
    )
    asked: list[tuple[dict[str, Any], list[str]]] = [
        ({"diarize": True}, ["transcription.segment"]),
        ({"turn_detection": {"min_silence_ms": 300}}, ["turn.start", "turn.end"]),
    ]
    for wanted, told in asked:
        async with session(script, model=LIVE_3) as (_, socket):
            await say(socket, {"type": "session.update", "session": wanted})
            assert (await hear(socket))["type"] == "session.updated"
            await append(socket, times=2)
            await end(socket)
            events = await hear_until(socket, "transcription.done")
            beside = [event["type"] for event in events if "text.delta" not in event["type"]]
            assert beside == [*told, "transcription.done"]
            speakers = [segment["speaker_id"] for segment in events[-1]["segments"]]
            assert speakers == (["ann"] if "diarize" in wanted else [])
    async with session(script, model=LIVE_3) as (_, socket):
        await append(socket, times=2)
        await end(socket)
        events = await hear_until(socket, "transcription.done")
        assert {event["type"] for event in events} == {
            "transcription.text.delta",
            "transcription.done",
        }
        assert events[-1]["segments"] == []


async def test_language() -> None:
    """The language is told with the first frame, and once."""
    async with session(Script(language="fr", text="")) as (_, socket):
        await append(socket, times=3)
        await end(socket)
        events = await hear_until(socket, "transcription.done")
        assert events[0] == {"type": "transcription.language", "audio_language": "fr"}
        assert [event["type"] for event in events].count("transcription.language") == 1
        assert events[-1]["language"] == "fr"


@pytest.mark.parametrize(
    ("status", "retry_after", "message"),
    [
        (401, None, "Unauthorized"),
        (429, 7, "Requests rate limit exceeded"),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", {"detail": "overloaded"}),
    ],
)
async def test_refusal(status: int, retry_after: int | str | None, message: Any) -> None:
    """A handshake is refused with the script's status, its message and its Retry-After."""
    script = Script(refuse_status=status, retry_after=retry_after, refuse_message=message)
    async with serve(ScriptedEngine(script)) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with dial(server):
                pass
        answer = refused.value.response
        assert answer.status_code == status
        expected = None if retry_after is None else str(retry_after)
        assert answer.headers.get("Retry-After") == expected
        body = json.loads(answer.body or b"")
        assert (body["detail"] if status == 401 else body["message"]) == message
        assert server.sessions[0].status == status
        assert server.sessions[0].closed.is_set()


@pytest.mark.parametrize("field", ["connect_delay_ms", "created_delay_ms"])
async def test_slow_start(field: str) -> None:
    """A session can be slow to connect, and slow to be created."""
    began = time.monotonic()
    async with session(Script.model_validate({field: 150})):
        assert time.monotonic() - began >= 0.15


async def test_gone_while_connecting() -> None:
    """A client that leaves before its handshake is answered leaves nothing behind."""
    async with serve(ScriptedEngine(Script(connect_delay_ms=100))) as server:
        with pytest.raises(TimeoutError):
            async with dial(server, open_timeout=0.05):
                pass
        await server.sessions[0].closed.wait()
        assert not server.sessions[0].open


async def test_update_refused() -> None:
    """`session.update` can be answered late and with an error."""
    script = Script(update_error={"detail": "no"}, update_delay_ms=100, error_code=3777)
    async with session(script) as (_, socket):
        began = time.monotonic()
        await say(socket, {"type": "session.update", "session": {"language": "en"}})
        error = await hear(socket)
        assert error["error"] == {"message": {"detail": "no"}, "code": 3777}
        assert time.monotonic() - began >= 0.1


async def test_stall() -> None:
    """A stalled session says nothing more, though it reads on."""
    script = Script(text=WORDS, delta_every_ms=100, stall_at_frame=2)
    async with session(script) as (server, socket):
        await append(socket, times=50)
        await end(socket)
        assert [(await hear(socket))["text"] for _ in range(2)] == ["one", " two"]
        await eventually(lambda: len(server.sessions[0].messages) == 51)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)
        assert server.sessions[0].open


async def test_stop_reading() -> None:
    """A session that stops reading makes its client's sends wait, with little in between."""
    script = Script(stop_reading_at_frame=3)
    async with serve(ScriptedEngine(script)) as server, dial(server, ping_interval=None) as socket:
        await hear(socket)

        async def flood() -> None:
            while True:
                await append(socket, bytes(200_000))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flood(), 0.5)
        assert server.sessions[0].frames == 3
        socket.transport.abort()


@pytest.mark.parametrize("frame", [0, 4])
async def test_drop(frame: int) -> None:
    """A dropped session loses its TCP connection at that frame, with no close frame."""
    async with session(Script(drop_at_frame=frame)) as (server, socket):
        await append(socket, times=frame)
        with pytest.raises(ConnectionClosedError) as closed:
            await hear_until(socket, "never")
        assert closed.value.rcvd is None
        await server.sessions[0].closed.wait()
        assert bytes(server.sessions[0].audio) == FRAME * frame


async def test_close() -> None:
    """A session can be closed at a frame, with a code and a reason."""
    script = Script(close_at_frame=2, close_code=4321, close_reason="enough")
    async with session(script) as (_, socket):
        await append(socket, times=2)
        with pytest.raises(ConnectionClosedError) as closed:
            await hear_until(socket, "never")
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4321, "enough")


@pytest.mark.parametrize("message", ["it broke", {"detail": "it broke"}])
async def test_error_closes(message: Any) -> None:
    """An error event carries either form of message, and the close follows it."""
    script = Script(error_at_frame=2, error_message=message, error_code=3804)
    async with session(script) as (_, socket):
        await append(socket, times=2)
        error = (await hear_until(socket, "error"))[-1]
        assert error == {"type": "error", "error": {"message": message, "code": 3804}}
        with pytest.raises(ConnectionClosedError):
            await socket.recv()


async def test_error_goes_on() -> None:
    """After an error event that does not close, the session goes on."""
    script = Script(error_at_frame=1, error_closes=False)
    async with session(script) as (_, socket):
        await append(socket)
        await hear_until(socket, "error")
        await end(socket)
        await hear_until(socket, "transcription.done")


async def test_garbage_and_unknown() -> None:
    """Text that is no JSON and events of unknown types come where the script puts them."""
    script = Script(
        garbage_at_frame=1, garbage="{oops", unknown_at_frame=2, unknown={"type": "new.thing"}
    )
    async with session(script) as (_, socket):
        await append(socket)
        assert await socket.recv() == "{oops"
        await append(socket)
        assert (await hear_until(socket, "new.thing"))[-1] == {"type": "new.thing"}
        await end(socket)
        await hear_until(socket, "transcription.done")


@pytest.mark.parametrize("closes", [True, False])
async def test_early_done(closes: bool) -> None:
    """A done can come unasked, with the text so far and with or without a close."""
    script = Script(
        text=WORDS, delta_every_ms=100, done_at_frame=3, close_after_done=closes, at_end="never"
    )
    async with session(script) as (_, socket):
        await append(socket, times=3)
        events = await hear_until(socket, "transcription.done")
        assert text_of(events) == events[-1]["text"] == "one two three"
        if closes:
            with pytest.raises(ConnectionClosedOK):
                await socket.recv()
        else:
            await append(socket)
            assert (await hear(socket))["text"] == " four"


async def test_done_late() -> None:
    """The done can be late."""
    async with session(Script(done_delay_ms=150)) as (_, socket):
        began = time.monotonic()
        await end(socket)
        await hear_until(socket, "transcription.done")
        assert time.monotonic() - began >= 0.15


async def test_end_never() -> None:
    """The done can fail to come, on a socket that stays open."""
    async with session(Script(at_end="never", text="")) as (server, socket):
        await end(socket)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.2)
        assert server.sessions[0].open


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (Script(at_end="drop"), None),
        (Script(at_end="close", close_code=1012), 1012),
        (Script(at_end="error"), 1011),
    ],
)
async def test_end_fails(script: Script, code: int | None) -> None:
    """Instead of a done, the end can bring a cut, a close or an error event."""
    async with session(script) as (_, socket):
        await end(socket)
        if script.at_end == "error":
            await hear_until(socket, "error")
        with pytest.raises(ConnectionClosedError) as closed:
            await hear_until(socket, "transcription.done")
        assert (closed.value.rcvd.code if closed.value.rcvd else None) == code


async def test_one_script_per_connection() -> None:
    """Several scripts serve one connection each in turn, the last one all that follow."""
    scripts = [Script(text="first"), Script(refuse_status=503), Script(text="last")]
    heard: list[str | int] = []
    async with serve(ScriptedEngine(scripts)) as server:
        for _ in range(4):
            try:
                async with dial(server) as socket:
                    await end(socket)
                    heard.append((await hear_until(socket, "transcription.done"))[-1]["text"])
            except InvalidStatus as refused:
                heard.append(refused.response.status_code)
        assert [record.status for record in server.sessions] == [101, 503, 101, 101]
    assert heard == ["first", 503, "last", "last"]


async def test_replaced_script() -> None:
    """A script set on a running engine serves the next connection."""
    engine = ScriptedEngine(Script(text="before"))
    async with serve(engine) as server:
        for text in ("before", "after"):
            engine.script = Script(text=text)
            async with dial(server) as socket:
                await end(socket)
                assert (await hear_until(socket, "transcription.done"))[-1]["text"] == text


def test_no_script() -> None:
    """An engine without a script is refused at once."""
    with pytest.raises(ValueError, match="at least one"):
        ScriptedEngine([])
