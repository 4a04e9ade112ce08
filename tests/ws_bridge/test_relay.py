"""Sessions over real sockets, when all goes as it should."""

import asyncio
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from local_stack.provider import Script
from local_stack.provider.cards import HOSTED
from local_stack.provider.script import SegmentScript, TurnScript
from shared_schema.errors import ErrorCode
from tests.doubles.numbered_audio import frame, numbers
from tests.doubles.provider import HandHeldProvider
from tests.waiting import within
from tests.wires import VLLM, Wire, over_all_wires, over_every_wire
from tests.ws_bridge.world import SILENCE, World, running
from transcription.providers.base import TextDelta

VERSION_3 = "voxtral-mini-transcribe-realtime-3"


@over_every_wire
async def test_words_come_back(wire: Wire) -> None:
    """What the provider says reaches the client, delta by delta, and whole in the final."""
    async with running(wire=wire) as world, world.session() as talk:
        for _ in range(20):
            await talk.send(SILENCE)
        heard = await talk.stopped()
        final = heard.completed()
        assert final["text"] == heard.text != ""
        assert final["audio_seconds"] == 2.0
        assert bytes(world.provider.sessions[0].audio) == wire.carried(SILENCE * 20)
        await world.is_clean(upstreams=1)


@over_every_wire
async def test_ready_tells_the_terms(wire: Wire) -> None:
    """`ready` names the session as the ledger does, its model, its seconds and its rewind."""
    async with running(max_audio_seconds=77, wire=wire) as world, world.session() as talk:
        ready = talk.heard.of("ready")[0]
        assert ready == {
            "type": "ready",
            "v": 1,
            "session_id": world.ledger.open_sessions[0],
            "model": wire.live_model,
            "max_seconds": 77.0,
            "resume_rewind_ms": 4000,
        }
        final = (await talk.stopped()).completed()
        assert final["session_id"] == ready["session_id"]
        assert final["model"] == ready["model"]
        await world.is_clean(upstreams=1)


async def test_options_reach_the_provider() -> None:
    """Language, terms and delay are sent on, each to a model that takes it."""
    fields = {"language": "German", "context_bias": [" Utter Voice "]}
    async with running(allowed_models=VERSION_3) as world:
        async with world.session(**fields, target_streaming_delay_ms=480) as talk:
            (await talk.stopped()).completed()
        async with world.session(**fields, model=VERSION_3) as talk:
            (await talk.stopped()).completed()
        first, second = world.provider.sessions
        audio_format = {"encoding": "pcm_s16le", "sample_rate": 16000}
        assert first.messages[0]["session"] == {
            "audio_format": audio_format,
            "language": "de",
            "target_streaming_delay_ms": 480,
        }
        assert second.messages[0]["session"] == {
            "audio_format": audio_format,
            "language": "de",
            "context_bias": ["Utter Voice"],
        }
        assert second.model == VERSION_3
        await world.is_clean(upstreams=2)


@over_every_wire
async def test_hints_that_change_nothing_are_named(wire: Wire) -> None:
    """Hints that the model has no use for end nothing; a notice behind `ready` names them."""
    async with running(wire=wire) as world:
        async with world.session(language="German", context_bias=["Utter"]) as talk:
            heard = await talk.stopped()
            heard.completed()
            named = {"type": "notice", "code": "options_ignored", "options": list(wire.ignored)}
            assert heard.of("notice") == ([named] if wire.ignored else [])
            assert not wire.ignored or heard.messages[1] == named
        async with world.session(language="Auto") as talk:
            assert (await talk.stopped()).of("notice") == []
        await world.is_clean(upstreams=2)


async def test_a_delay_that_is_a_whole_servers_is_refused() -> None:
    """A delay that no session can set is refused before anything is paid for."""
    async with running(wire=VLLM) as world:
        error = await world.refused(ErrorCode.INVALID_MESSAGE, target_streaming_delay_ms=480)
        assert "480" in error["message"]
        await world.is_clean(upstreams=0)


async def test_speakers_and_turns_are_passed_through() -> None:
    """Who speaks, and each turn, is told beside the text to a client that asked for it."""
    script = Script(
        text="one two",
        segments=(SegmentScript(at_frame=4, text="one", start=0.1, end=0.3, speaker="speaker_1"),),
        turns=(
            TurnScript(at_frame=1, event="start", at=0.1),
            TurnScript(at_frame=5, event="end", at=0.5),
        ),
    )
    async with running(script, allowed_models=VERSION_3) as world:
        fields = {"model": VERSION_3, "target_streaming_delay_ms": 2400}
        async with world.session(**fields, diarize=True) as talk:
            for _ in range(6):
                await talk.send(SILENCE)
            heard = await talk.stopped()
        assert heard.completed()["text"] == heard.text == "one two"
        assert heard.of("segment") == [
            {"type": "segment", "text": "one", "start": 0.1, "end": 0.3, "speaker": "speaker_1"}
        ]
        async with world.session(**fields, turn_detection={"min_silence_ms": 300}) as talk:
            for _ in range(6):
                await talk.send(SILENCE)
            told = await talk.stopped()
        turns = [(one["event"], one["at"], one.get("end_reason")) for one in told.of("turn")]
        assert turns == [("start", 0.1, None), ("end", 0.5, "threshold")]
        speakers, turning = [one.messages[0]["session"] for one in world.provider.sessions]
        assert (speakers["diarize"], speakers["target_streaming_delay_ms"]) == (True, 2400)
        assert turning["turn_detection"]["min_silence_ms"] == 300
        both = {"diarize": True, "turn_detection": True}
        error = await world.refused(ErrorCode.INVALID_MESSAGE, **fields, **both)
        assert "diarize or turn_detection" in error["message"]
        async with world.session(model=VERSION_3) as talk:
            for _ in range(6):
                await talk.send(SILENCE)
            assert not {"segment", "turn"} & set((await talk.stopped()).types)
        await world.is_clean(upstreams=3)


async def test_a_card_narrows_what_a_session_may_ask() -> None:
    """What a model's card does not list is refused, though models of its name can do it."""
    card = replace(HOSTED[1], languages=("en",), streaming_delays_ms=((80, 100),))
    async with running(cards=[card]) as world:
        for fields in ({"language": "de"}, {"target_streaming_delay_ms": 480}):
            await world.refused(ErrorCode.INVALID_MESSAGE, **fields)
        async with world.session(language="en", target_streaming_delay_ms=100) as talk:
            (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"language": "Klingon"}, "Unknown language"),
        ({"language": "Swedish"}, "Swedish"),
        ({"model": VERSION_3, "target_streaming_delay_ms": 1300}, "1300"),
        ({"diarize": True}, "diarize"),
        ({"turn_detection": True}, "turn_detection"),
    ],
    ids=["no-language", "not-this-models", "delay", "speakers", "turns"],
)
async def test_what_the_model_cannot_do_is_refused(fields: dict[str, object], word: str) -> None:
    """What the model cannot do is refused before anything is paid for, and says what it is."""
    async with running(allowed_models=VERSION_3) as world:
        error = await world.refused(ErrorCode.INVALID_MESSAGE, **fields)
        assert word in error["message"]
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_stop_may_come_before_ready(wire: Wire) -> None:
    """A `stop` that was sent before `ready` is kept, and answered with a final."""
    async with running(Script(created_delay_ms=100), wire=wire) as world, world.talk() as talk:
        await talk.send(world.start())
        heard = await talk.stopped()
        assert heard.types[0] == "ready"
        assert heard.completed()["audio_seconds"] == 0
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_after_stop_nothing_counts(wire: Wire) -> None:
    """Audio and a second `stop` behind the first are passed over."""
    async with running(Script(done_delay_ms=50), wire=wire) as world, world.session() as talk:
        await talk.send(SILENCE)
        await talk.send({"type": "stop"})
        await talk.send(SILENCE)
        await talk.send(SILENCE[:-1])
        assert (await talk.stopped()).completed()["audio_seconds"] == 0.1
        assert bytes(world.provider.sessions[0].audio) == SILENCE
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_an_empty_frame_is_passed_over(wire: Wire) -> None:
    """An empty frame is no fault, and the provider never hears of it."""
    async with running(wire=wire) as world, world.session() as talk:
        await talk.send(b"")
        await talk.send(SILENCE)
        assert (await talk.stopped()).completed()["audio_seconds"] == 0.1
        assert world.provider.sessions[0].frames == 1
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_a_frame_may_be_as_large_as_the_limit(wire: Wire) -> None:
    """A frame of exactly 64 KiB is taken whole."""
    async with running(wire=wire) as world, world.session() as talk:
        await talk.send(bytes(65_536))
        await talk.stopped()
        assert world.provider.sessions[0].audio_bytes == 65_536
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_audio_is_acknowledged_at_least_once_a_second(wire: Wire) -> None:
    """Acks tell what was handed over: at most a second of audio or of time lies between two."""
    async with running(wire=wire) as world, world.session() as talk:
        for _ in range(18):
            await talk.send(SILENCE)
        told = [0]
        while told[-1] < 1800:
            async with within(1):
                told.append((await talk.next("ack"))["audio_ms"])
        gaps = [later - earlier for earlier, later in pairwise(told)]
        assert all(0 < gap <= 1000 for gap in gaps)
        await talk.stopped()
        await world.is_clean(upstreams=1)


async def test_deltas_are_passed_on_as_they_are() -> None:
    """Deltas are verbatim: spaces, line ends and characters outside of the plane; none is empty."""
    provider = HandHeldProvider()
    pieces = [" a", "", "\n", "\u00e9\U0001f600", "b "]
    async with running(provider=provider) as world, world.session() as talk:
        for piece in pieces:
            provider.sessions[0].words.put_nowait(TextDelta(piece))
        heard = await talk.stopped()
        assert [one["text"] for one in heard.of("delta")] == [one for one in pieces if one]
        assert heard.completed()["text"] == "".join(pieces)
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_frames_keep_their_order(wire: Wire) -> None:
    """The provider hears every frame once, in the order in which it was spoken."""
    async with running(wire=wire) as world, world.session() as talk:
        for number in range(60):
            await talk.send(frame(number))
        (await talk.stopped()).completed()
        assert numbers(world.provider.sessions[0].audio) == list(range(60))
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_messages_may_come_in_fragments(wire: Wire) -> None:
    """A `start` and a frame that are sent in fragments are as good as whole ones."""
    async with running(wire=wire) as world, world.talk() as talk:
        text = json.dumps(world.start())
        await talk.socket.send([text[:9], text[9:40], text[40:]])
        await talk.next("ready")
        pong = await talk.socket.ping()
        await talk.socket.send([frame(1)[:1], b"", frame(1)[1:]])
        await talk.send(frame(2))
        (await talk.stopped()).completed()
        await pong
        assert numbers(world.provider.sessions[0].audio) == [1, 2]
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_sessions_do_not_meet(wire: Wire) -> None:
    """Sessions side by side each get their own words for their own audio."""

    async def speak(world: World, number: int) -> None:
        token = world.issuer.token(f"00000000-0000-4000-8000-{number:012}")
        async with world.session(access_token=token) as talk:
            for _ in range(8):
                await talk.send(frame(number))
            heard = await talk.stopped()
            assert heard.completed()["text"] == heard.text

    async with running(wire=wire) as world:
        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(speak(world, number))
        heard = sorted(tuple(set(numbers(one.audio))) for one in world.provider.sessions)
        assert heard == [(number,) for number in range(12)]
        await world.is_clean(upstreams=12)
