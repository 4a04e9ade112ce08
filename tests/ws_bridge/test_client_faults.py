"""Whatever a client does, it learns what was wrong and leaves nothing behind."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_stack.provider import RealtimeRecord, Script
from shared_schema.audio import BYTES_PER_SECOND, FRAME_BYTES
from shared_schema.errors import ErrorCode
from shared_schema.limits import MAX_FRAME_BYTES
from tests.audio_files import write_audio
from tests.waiting import until
from tests.wires import Wire, over_all_wires
from tests.ws_bridge.raw import RawSocket, raw
from tests.ws_bridge.world import SILENCE, START, Talk, running
from ws_bridge.token_bucket import BACKLOG_RATE, BURST_BYTES, RATE

AUDIO_FORMAT = START["audio_format"]


@over_all_wires
@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "[]",
        '"start"',
        "{}",
        '{"type": "pause"}',
        '{"type": "stop"}',
        '{"type": "stop", "why": 1}',
        '{"type": "start", "v": 1}',
        '{"type": "start"' + "[" * 1000,
        " " * 65_537,
    ],
    ids=lambda text: text[:24].strip() or "blank",
)
async def test_what_is_no_start_is_refused(wire: Wire, text: str) -> None:
    """The first message must be a `start` as the contract has it."""
    async with running(wire=wire) as world, world.talk() as talk:
        await talk.send(text)
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        await world.is_clean(upstreams=0)


@over_all_wires
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("surprise", 1),
        ("audio_format", "pcm_s16le"),
        ("audio_format", {**AUDIO_FORMAT, "channels": 2}),
        ("audio_format", None),
        ("language", 7),
        ("language", "x" * 65),
        ("model", ""),
        ("context_bias", "one"),
        ("context_bias", ["word"] * 1001),
        ("context_bias", ["x" * 4001]),
        ("speaker_references", [{"name": "ann"}]),
        ("turn_detection", {"patience": 1}),
        ("context_bias", [""]),
        ("target_streaming_delay_ms", 79),
        ("target_streaming_delay_ms", 2401),
        ("target_streaming_delay_ms", 480.5),
        ("resumes", "the last one"),
        ("access_token", "x" * 16_385),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_wrong_field_is_named(wire: Wire, field: str, value: object) -> None:
    """A `start` with a field that is unknown or wrong is refused by that field's name."""
    async with running(wire=wire) as world:
        error = await world.refused(ErrorCode.INVALID_MESSAGE, **{field: value})
        assert field in error["message"]
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_terms_at_their_limits_are_taken(wire: Wire) -> None:
    """A hundred terms of 64 characters each are no fault."""
    async with running(wire=wire) as world, world.session(context_bias=["x" * 64] * 100) as talk:
        (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_what_is_told_of_a_long_message_is_short(wire: Wire) -> None:
    """A fault is told in a few words, however long the message was that had it."""
    async with running(wire=wire) as world, world.talk() as talk:
        await talk.send({"type": "x" * 60_000})
        error = (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        assert len(error["message"]) < 250
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_audio_before_start_is_refused(wire: Wire) -> None:
    """The first message must not be audio; an empty frame is none."""
    async with running(wire=wire) as world, world.talk() as talk:
        await talk.send(b"")
        await talk.send(SILENCE)
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_audio_before_ready_is_refused(wire: Wire) -> None:
    """Audio must wait for `ready`; the session that was being opened is given up."""
    async with running(Script(created_delay_ms=60_000), wire=wire) as world, world.talk() as talk:
        await talk.send(world.start())
        await until(lambda: len(world.provider.sessions) == 1)
        await talk.send(SILENCE)
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        await world.is_clean(upstreams=1)
        (entry,) = world.ledger.entries.values()
        assert entry.settled == (0.0, "failed", ErrorCode.INVALID_MESSAGE)


@over_all_wires
@pytest.mark.parametrize("live", [False, True])
async def test_two_starts(wire: Wire, live: bool) -> None:
    """A second `start` ends the session, whether the first was answered or not."""
    script = Script(created_delay_ms=0 if live else 60_000)
    async with running(script, wire=wire) as world, world.talk() as talk:
        await talk.send(world.start())
        if live:
            await talk.next("ready")
        await talk.send(world.start())
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        await world.is_clean()


@over_all_wires
@pytest.mark.parametrize(
    "message",
    [b"\0", bytes(MAX_FRAME_BYTES + 2), bytes(4 * MAX_FRAME_BYTES), "garbage", " " * 65_537],
    ids=["odd", "oversized", "largest-read", "garbage", "long-text"],
)
async def test_a_fault_in_mid_session_costs_no_word(wire: Wire, message: bytes | str) -> None:
    """A fault in mid-session ends it, and all the text so far comes first."""
    async with running(wire=wire) as world, world.session() as talk:
        await _hear(talk, words=2)
        await talk.send(message)
        heard = await talk.ended()
        heard.failed(ErrorCode.INVALID_MESSAGE)
        assert heard.of("final")[0]["text"] == "the quick"
        await world.is_clean(upstreams=1)


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "flac", "ogg", "webm"])
async def test_a_file_sent_as_samples_is_refused(tmp_path: Path, kind: str) -> None:
    """The bytes of a file are told to be none of the socket's, and nothing is charged."""
    content = write_audio(tmp_path / "a", kind).read_bytes()
    async with running() as world, world.session() as talk:
        await talk.send(content[:3200])
        heard = await talk.ended()
        heard.failed(ErrorCode.UNSUPPORTED_AUDIO)
        assert "Send raw samples" in heard.of("error")[0]["message"]
        [entry] = world.ledger.entries.values()
        await until(lambda: entry.settled is not None)
        assert entry.settled is not None
        assert entry.settled[0] == 0
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_text_that_is_no_utf_8_costs_no_word(wire: Wire) -> None:
    """Text must be UTF-8 (RFC 6455, section 8.1); what is none ends the session, text first."""
    async with running(wire=wire) as world, world.session() as talk:
        await _hear(talk, words=2)
        await talk.socket.send(b"\xff\xfe", text=True)
        heard = await talk.ended()
        heard.failed(ErrorCode.INVALID_MESSAGE)
        assert heard.of("final")[0]["text"] == "the quick"
        await world.is_clean(upstreams=1)


@over_all_wires
@pytest.mark.parametrize("pieces", [1, 5], ids=["whole", "fragments"])
async def test_what_is_too_big_to_read_costs_no_word(wire: Wire, pieces: int) -> None:
    """A message far above every limit is not even read; the session ends as by any such fault."""
    piece = bytes(4 * MAX_FRAME_BYTES // pieces + 2)
    async with running(wire=wire) as world, world.session() as talk:
        for _ in range(4):
            await talk.send(SILENCE)
        await talk.next("delta")
        sending = asyncio.create_task(talk.socket.send([piece] * pieces))
        heard = await talk.ended()
        await asyncio.gather(sending, return_exceptions=True)
        error = heard.failed(ErrorCode.INVALID_MESSAGE)
        assert str(MAX_FRAME_BYTES) in error["message"]
        assert heard.of("final")[0]["text"] == heard.text == "the quick"
        await world.is_clean(upstreams=1)


async def test_a_start_too_big_to_read_is_refused() -> None:
    """Who begins with a message far above every limit is told what is wrong, and opens nothing."""
    async with running() as world, world.talk() as talk:
        sending = asyncio.create_task(talk.send(" " * (4 * MAX_FRAME_BYTES + 1)))
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        await asyncio.gather(sending, return_exceptions=True)
        await world.is_clean(upstreams=0)


@over_all_wires
@pytest.mark.parametrize("vanish", [RawSocket.fin, RawSocket.reset], ids=["fin", "rst"])
@pytest.mark.parametrize("when", ["before-start", "reserving", "opening", "live", "ending"])
async def test_a_client_that_vanishes(
    wire: Wire, vanish: Callable[[RawSocket], None], when: str
) -> None:
    """When the client's connection ends, the provider's is closed within a second."""
    slow = Script(created_delay_ms=60_000) if when == "opening" else Script(at_end="never")
    async with running(slow, wire=wire) as world, raw(world.url) as client:
        if when == "reserving":
            world.ledger.opening.close()
        if when != "before-start":
            await client.send(world.start())
            await until(lambda: [one.open for one in world.provider.sessions] == [True])
        if when in {"live", "ending"}:
            await client.next("ready")
            await client.send(SILENCE)
            await client.next("ack")
        if when == "ending":
            await client.send({"type": "stop"})
            await client.next("delta")
        vanish(client)
        for record in world.provider.sessions:
            await asyncio.wait_for(record.closed.wait(), 1)
        await world.is_clean()
        settled = [one.settled and one.settled[:2] for one in world.ledger.entries.values()]
        expected: dict[str, list[Any]] = {
            "before-start": [],
            "reserving": [],
            "opening": [(0.0, "failed")],
        }
        assert settled == expected.get(when, [(0.1, "partial")])


@over_all_wires
async def test_a_client_in_a_black_hole(wire: Wire) -> None:
    """A client that answers no ping is let go, and its place is free after the last goodbye."""
    async with (
        running(
            bridge_ping_interval_seconds=0.2, bridge_ping_timeout_seconds=0.2, wire=wire
        ) as world,
        raw(world.url) as client,
    ):
        await client.send(world.start())
        await client.next("ready")
        await until(lambda: world.ledger.open_sessions == [])
        await world.is_clean(upstreams=1)
        (await client.ended()).failed(ErrorCode.IDLE_TIMEOUT)


@over_all_wires
@pytest.mark.parametrize("resumes", [False, True], ids=["new", "resumed"])
async def test_a_flood_is_taken_at_the_pace(wire: Wire, resumes: bool) -> None:
    """Audio faster than real time is taken at 2× (a resumed backlog at 4×), after 2 s at once."""
    rate = (BACKLOG_RATE if resumes else RATE) * BYTES_PER_SECOND
    fields = {"resumes": "00000000-0000-4000-8000-000000000000"} if resumes else {}
    clock = asyncio.get_running_loop().time
    async with running(wire=wire) as world, world.session(**fields) as talk:
        ready_at = clock()
        flood = asyncio.create_task(_flood(talk))
        (record,) = world.provider.sessions
        for size in (0, rate / 2, rate):
            await until(partial(_has_heard, record, BURST_BYTES + size))
            elapsed = clock() - ready_at
            # One frame may be on its way when the bucket is empty.
            assert record.audio_bytes <= BURST_BYTES + rate * elapsed + FRAME_BYTES
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        talk.socket.transport.abort()
    await world.is_clean(upstreams=1)


@over_all_wires
async def test_a_backlog_that_has_caught_up_is_one_no_more(wire: Wire) -> None:
    """A resumed session that was at real time for a while is taken at 2× like any other."""
    fields = {"resumes": "00000000-0000-4000-8000-000000000000"}
    clock = asyncio.get_running_loop().time
    async with running(wire=wire) as world, world.session(**fields) as talk:
        await _live_for(talk, seconds=2.2)
        started_at = clock()
        (record,) = world.provider.sessions
        before = record.audio_bytes
        flood = asyncio.create_task(_flood(talk))
        rate = RATE * BYTES_PER_SECOND
        await until(partial(_has_heard, record, before + BURST_BYTES + rate))
        elapsed = clock() - started_at
        assert record.audio_bytes - before <= BURST_BYTES + rate * elapsed + FRAME_BYTES
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        talk.socket.transport.abort()
    await world.is_clean(upstreams=1)


def _has_heard(record: RealtimeRecord, size: float) -> bool:
    return record.audio_bytes > size


async def _flood(talk: Talk) -> None:
    while True:
        await talk.send(SILENCE)


async def _live_for(talk: Talk, *, seconds: float) -> None:
    """Send frames as a microphone does."""
    for _ in range(int(seconds * 10)):
        await talk.send(SILENCE)
        await asyncio.sleep(0.1)


async def _hear(talk: Talk, *, words: int) -> None:
    """Speak until the scripted provider has said so many words."""
    while len(talk.heard.of("delta")) < words:
        await talk.send(SILENCE)
        await talk.send(SILENCE)
        await talk.next("delta")
