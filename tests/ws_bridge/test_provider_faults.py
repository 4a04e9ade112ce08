"""Whatever the provider does, the client keeps its words and nothing is left behind."""

import pytest

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.doubles.provider import HandHeldProvider
from tests.wires import Wire, over_every_wire
from tests.ws_bridge.world import SILENCE, VOICE, Talk, running
from transcription.errors import ProviderUnavailable
from transcription.providers.base import TextDelta


async def _send(talk: Talk, frame: bytes, count: int) -> None:
    for _ in range(count):
        await talk.send(frame)


@over_every_wire
async def test_voice_without_text_is_a_stall_and_silence_is_none(wire: Wire) -> None:
    """A provider that says nothing to voice has stalled; to silence there is nothing to say."""
    mute = Script(text="", delta_every_ms=60_000)
    async with (
        running(mute, provider_stall_seconds=0.8, wire=wire) as world,
        world.session() as silent,
        world.session() as speaking,
    ):
        await _send(silent, SILENCE, 15)
        await _send(speaking, VOICE, 15)
        (await speaking.ended()).failed(ErrorCode.PROVIDER_UNAVAILABLE)
        (await silent.stopped()).completed()
        await world.is_clean(upstreams=2)


@over_every_wire
async def test_text_then_a_stall(wire: Wire) -> None:
    """The text that came before a stall is in the final."""
    async with (
        running(Script(stall_at_frame=4), provider_stall_seconds=0.8, wire=wire) as world,
        world.session() as talk,
    ):
        await _send(talk, VOICE, 4)
        while talk.heard.text != "the quick":
            await talk.next("delta")
        await _send(talk, VOICE, 16)
        heard = await talk.ended()
        heard.failed(ErrorCode.PROVIDER_UNAVAILABLE)
        assert heard.of("final")[0]["text"] == heard.text == "the quick"
        await world.is_clean(upstreams=1)


async def test_a_provider_that_stops_reading_has_stalled() -> None:
    """A provider that takes no audio has stalled, even if all of it was silence."""
    provider = HandHeldProvider()
    async with (
        running(provider=provider, provider_stall_seconds=0.3) as world,
        world.session() as talk,
    ):
        (session,) = provider.sessions
        await talk.send(SILENCE)
        await talk.next("ack")
        session.taking.close()
        await _send(talk, SILENCE, 5)
        (await talk.ended()).failed(ErrorCode.PROVIDER_UNAVAILABLE)
        await world.is_clean(upstreams=0)
        assert session.left
        assert bytes(session.audio) == SILENCE
        (entry,) = world.ledger.entries.values()
        assert entry.settled == (0.1, "partial", ErrorCode.PROVIDER_UNAVAILABLE)


@over_every_wire
async def test_a_provider_that_stops_reading_at_the_end(wire: Wire) -> None:
    """An end that the provider does not read keeps no final from the client."""
    frame = SILENCE * 20
    async with (
        running(Script(stop_reading_at_frame=2), provider_finish_seconds=0.5, wire=wire) as world,
        world.session() as talk,
    ):
        await talk.send(frame)
        await talk.next("delta")
        # Small enough for the buffers on the way, so that `stop` is read behind it.
        await _send(talk, SILENCE, 5)
        (await talk.stopped()).failed(ErrorCode.PROVIDER_UNAVAILABLE)
        await world.is_clean(upstreams=1, provider_reads=False)


@over_every_wire
async def test_a_failure_is_told_before_it_is_settled(wire: Wire) -> None:
    """A slow ledger keeps nobody from learning that the provider has failed."""
    async with running(Script(drop_at_frame=1), wire=wire) as world, world.session() as talk:
        world.ledger.closing.close()
        await talk.send(SILENCE)
        (await talk.ended()).failed(ErrorCode.PROVIDER_UNAVAILABLE)
        (entry,) = world.ledger.entries.values()
        assert entry.settled is None
        world.ledger.closing.open()
        await world.is_clean(upstreams=1)
        assert entry.settled == (0.1, "partial", ErrorCode.PROVIDER_UNAVAILABLE)


async def test_a_provider_that_is_lost_while_it_takes_a_frame() -> None:
    """A frame that a lost provider does not take is counted as not handed over."""
    provider = HandHeldProvider()
    async with running(provider=provider) as world, world.session() as talk:
        (session,) = provider.sessions
        session.taking.close()
        await talk.send(SILENCE)
        await session.taking.reached.wait()
        session.fault = ProviderUnavailable()
        session.taking.open()
        session.words.put_nowait(TextDelta("so far"))
        session.words.put_nowait(session.fault)
        heard = await talk.ended()
        heard.failed(ErrorCode.PROVIDER_UNAVAILABLE)
        assert heard.of("final")[0]["text"] == "so far"
        await world.is_clean(upstreams=0)
        (entry,) = world.ledger.entries.values()
        assert entry.settled == (0.0, "partial", ErrorCode.PROVIDER_UNAVAILABLE)


async def test_a_bug_in_the_read_that_brings_a_frame() -> None:
    """When our own code breaks while it reads a frame, the session ends as with any bug."""
    provider = HandHeldProvider()
    async with running(provider=provider) as world, world.session() as talk:
        (session,) = provider.sessions
        session.words.put_nowait(TextDelta("so far"))
        await talk.next("delta")
        session.fault = ZeroDivisionError("secret of ours")
        await talk.send(SILENCE)
        heard = await talk.ended()
        error = heard.failed(ErrorCode.INTERNAL)
        assert heard.of("final")[0]["text"] == "so far"
        assert "secret" not in error["message"]
        await world.is_clean(upstreams=0)
        assert session.left


async def test_a_bug_in_mid_stream_leaves_the_text() -> None:
    """When our own code breaks in mid-stream, the words so far are in the final all the same."""
    provider = HandHeldProvider()
    async with running(provider=provider) as world, world.session() as talk:
        (session,) = provider.sessions
        session.words.put_nowait(TextDelta("one"))
        session.words.put_nowait(ZeroDivisionError("secret of ours"))
        heard = await talk.ended()
        error = heard.failed(ErrorCode.INTERNAL)
        assert heard.of("final")[0]["text"] == "one"
        assert "secret" not in error["message"]
        await world.is_clean(upstreams=0)
        assert session.left


@over_every_wire
@pytest.mark.parametrize(
    "script",
    [
        Script(close_at_frame=4),
        Script(close_at_frame=4, close_code=1000),
        Script(done_at_frame=4),
        Script(error_at_frame=4),
        Script(error_at_frame=4, error_closes=False),
        Script(error_at_frame=4, error_code=429),
        Script(error_at_frame=4, error_code=422),
        Script(error_at_frame=4, error_code=422, error_message={"detail": "odd audio"}),
    ],
    ids=[
        "close",
        "close-1000",
        "early-done",
        "error",
        "error-stays-open",
        "error-429",
        "error-422",
        "error-object",
    ],
)
async def test_a_failure_in_mid_stream(wire: Wire, script: Script) -> None:
    """However a provider fails in mid-stream, all the text so far comes before the error."""
    async with running(script, wire=wire) as world, world.session() as talk:
        await _send(talk, SILENCE, 4)
        heard = await talk.ended()
        error = heard.failed(wire.code(script.error_code))
        assert heard.of("final")[0]["text"] == heard.text == "the quick"
        if isinstance(script.error_message, dict):
            assert "odd audio" in error["message"]
        await world.is_clean(upstreams=1)


@over_every_wire
@pytest.mark.parametrize(
    "script",
    [
        Script(at_end="drop"),
        Script(at_end="close"),
        Script(at_end="error"),
        Script(at_end="never"),
    ],
    ids=lambda script: script.at_end,
)
async def test_a_failure_at_the_end(wire: Wire, script: Script) -> None:
    """A provider that fails after `stop` leaves a partial final with all that it had said."""
    async with (
        running(script, provider_finish_seconds=0.3, wire=wire) as world,
        world.session() as talk,
    ):
        await _send(talk, SILENCE, 4)
        heard = await talk.stopped()
        heard.failed(ErrorCode.PROVIDER_UNAVAILABLE)
        assert heard.of("final")[0]["text"] == heard.text == script.text
        await world.is_clean(upstreams=1)


@over_every_wire
@pytest.mark.parametrize(
    "script",
    [
        Script(garbage_at_frame=2),
        Script(garbage_at_frame=2, garbage="[]"),
        Script(garbage_at_frame=2, garbage='{"type": "transcription.text.delta"}'),
        Script(garbage_at_frame=2, garbage='{"type": ["error"]}'),
        Script(unknown_at_frame=2),
    ],
    ids=["no-json", "no-object", "no-text", "odd-type", "unknown"],
)
async def test_what_nobody_knows_is_passed_over(wire: Wire, script: Script) -> None:
    """Garbage and unknown events change nothing."""
    async with running(script, wire=wire) as world, world.session() as talk:
        await _send(talk, SILENCE, 4)
        heard = await talk.stopped()
        assert heard.completed()["text"] == heard.text == script.text
        await world.is_clean(upstreams=1)


@over_every_wire
@pytest.mark.parametrize("early", [False, True])
async def test_words_that_only_the_end_tells(wire: Wire, early: bool) -> None:
    """What a provider says only when it is done stands in the final, whole or partial."""
    words = "the quick brown fox and more"
    script = Script(done_text=words, rest_at_end=False, done_at_frame=4 if early else None)
    async with running(script, wire=wire) as world, world.session() as talk:
        await _send(talk, SILENCE, 4)
        if early:
            (await talk.ended()).failed(ErrorCode.PROVIDER_UNAVAILABLE)
        else:
            (await talk.stopped()).completed()
        assert talk.heard.of("final")[0]["text"] == words
        await world.is_clean(upstreams=1)


@over_every_wire
async def test_the_language_heard_is_told(wire: Wire) -> None:
    """The language that a provider tells is told when it is known, and in the final."""
    async with running(Script(language="fr"), wire=wire) as world, world.session() as talk:
        await talk.send(SILENCE)
        if wire.tells_language:
            assert await talk.next("language") == {"type": "language", "language": "fr"}
        told = (await talk.stopped()).completed().get("language")
        assert told == ("fr" if wire.tells_language else None)
        await world.is_clean(upstreams=1)
