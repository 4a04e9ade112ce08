"""The realtime half of the Mistral adapter, on real sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mistralai.client import Mistral
from mistralai.client.models import AudioFormat, TurnDetectionConfig
from pydantic import SecretStr
from websockets.asyncio.server import ServerConnection

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from local_stack.provider.script import SegmentScript, TurnScript
from shared_schema.client_messages import SpeakerReference, TurnSettings
from tests.doubles.numbered_audio import frame
from tests.doubles.played import heard, played
from tests.local_stack.provider.test_third import clip
from transcription.errors import (
    NotFound,
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import (
    LanguageDetected,
    RealtimeEvent,
    RealtimeOptions,
    Segment,
    TextDelta,
    TranscriptDone,
    Turn,
)
from transcription.providers.mistral import realtime
from transcription.providers.mistral.cards import ModelCards
from transcription.providers.mistral.realtime import MistralRealtime, build_validators

VERSION_2 = "voxtral-mini-transcribe-realtime-2602"
VERSION_3 = "voxtral-mini-transcribe-realtime-3"
KEY = "key-of-ours"
VOICE = SpeakerReference(name="ann", audio=clip(3.0))
FRAMES = [frame(number) for number in range(4)]


@asynccontextmanager
async def _provider(script: Script | None = None) -> AsyncIterator[ProviderServer]:
    async with serve(ScriptedEngine(script), host="127.0.0.1", port=0) as server:
        yield server


def _mistral(url: str, *, connect_seconds: float = 5.0) -> MistralRealtime:
    return MistralRealtime(server_url=url, api_key=SecretStr(KEY), connect_seconds=connect_seconds)


async def _opened(url: str, **options: Any) -> None:
    async with _mistral(url, **options).open_realtime(RealtimeOptions(VERSION_2)):
        raise AssertionError


CREATED = json.dumps(
    {
        "type": "session.created",
        "session": {
            "request_id": "by-hand",
            "model": VERSION_2,
            "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
        },
    }
)


@pytest.mark.parametrize(
    "options",
    [
        RealtimeOptions(VERSION_2),
        RealtimeOptions(VERSION_2, language="en", target_streaming_delay_ms=480),
        RealtimeOptions(VERSION_3, "de", ("Utter", "Voxtral é"), 1000),
        RealtimeOptions(VERSION_3, diarize=True, speakers=(VOICE,)),
        RealtimeOptions(VERSION_3, turn_detection=True),
        RealtimeOptions(VERSION_3, turn_detection=True, turns=TurnSettings(min_silence_ms=300)),
    ],
    ids=["bare", "hints", "all", "speakers", "turns", "settings"],
)
async def test_our_frames_are_the_sdks_frames(options: RealtimeOptions) -> None:
    """Asked for the same, we and the SDK's own client send the same JSON with the same key."""
    async with (
        _provider() as server,
        Mistral(api_key=KEY, server_url=server.url) as sdk,
        _mistral(server.url).open_realtime(options) as session,
    ):
        for pcm in FRAMES:
            await session.send(pcm)
        await session.end()
        await heard(session)
        theirs = await sdk.audio.realtime.connect(
            options.model,
            AudioFormat(encoding="pcm_s16le", sample_rate=16_000),
            options.target_streaming_delay_ms,
            context_bias=list(options.context_bias) or None,
            language=options.language,
            diarize=options.diarize or None,
            speaker_references={one.name: one.audio for one in options.speakers} or None,
            turn_detection=(
                TurnDetectionConfig(min_silence_ms=300 if options.turns else 500)
                if options.turn_detection
                else None
            ),
        )
        async with theirs:
            for pcm in FRAMES:
                await theirs.send_audio(pcm)
            await theirs.flush_audio()
            await theirs.end_audio()
            async for event in theirs:
                if event.type == "transcription.done":
                    break
        ours, sdks = server.sessions
    assert ours.messages == sdks.messages
    assert [message["type"] for message in ours.messages] == [
        "session.update",
        *["input_audio.append"] * 4,
        "input_audio.flush",
        "input_audio.end",
    ]
    assert ours.model == sdks.model
    assert ours.headers["authorization"] == sdks.headers["authorization"] == f"Bearer {KEY}"


async def test_what_is_said_becomes_our_events() -> None:
    """Language, deltas and the whole become events of ours; nothing of the SDK's leaks."""
    script = Script(text="one two", language="en")
    async with (
        _provider(script) as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        assert session.request_id == server.sessions[0].request_id
        for pcm in FRAMES:
            await session.send(pcm)
        await session.end()
        assert await heard(session) == [
            LanguageDetected("en"),
            TextDelta("one"),
            TextDelta(" two"),
            TranscriptDone("one two", "en", billed_seconds=1),
        ]


async def test_speakers_and_turns_become_our_events() -> None:
    """Who spoke and each turn of a turn is told, in the order in which it was heard."""
    script = Script(
        text="one",
        segments=(
            SegmentScript(at_frame=2, text="one", start=0.1, end=0.3, speaker="ann", score=0.9),
            SegmentScript(at_frame=3, text="two"),
        ),
        turns=tuple(
            TurnScript(at_frame=number, event=event, at=number / 10, end_reason="silence")
            for number, event in enumerate(("start", "eager_end", "resume", "end"), start=1)
        ),
    )
    done = TranscriptDone("one", billed_seconds=1)
    asked: list[tuple[RealtimeOptions, list[RealtimeEvent]]] = [
        (
            RealtimeOptions(VERSION_3, diarize=True),
            [Segment("one", 0.1, 0.3, "ann", 0.9), Segment("two", None, None), done],
        ),
        (
            RealtimeOptions(VERSION_3, turn_detection=True),
            [
                Turn("start", 0.1),
                Turn("eager_end", 0.2),
                Turn("resume", 0.3),
                Turn("end", 0.4, "silence"),
                done,
            ],
        ),
    ]
    async with _provider(script) as server:
        for options, told in asked:
            async with _mistral(server.url).open_realtime(options) as session:
                for pcm in FRAMES:
                    await session.send(pcm)
                await session.end()
                events = await heard(session)
            assert [event for event in events if not isinstance(event, TextDelta)] == told


async def test_words_may_follow_the_end_of_their_turn() -> None:
    """Deltas that come behind `turn.end` are in the text, in their order."""
    script = Script(
        text="one two",
        delta_every_ms=10_000,
        turns=(TurnScript(at_frame=1, event="end", at=0.1),),
    )
    options = RealtimeOptions(VERSION_3, turn_detection=True)
    async with (
        _provider(script) as server,
        _mistral(server.url).open_realtime(options) as session,
    ):
        await session.send(FRAMES[0])
        await session.end()
        turn, *rest = await heard(session)
    assert turn == Turn("end", 0.1, "threshold")
    assert rest == [TextDelta("one two"), TranscriptDone("one two", billed_seconds=1)]


async def test_unknown_events_are_passed_over() -> None:
    """Garbage, bytes, segments without text, and events of tomorrow change nothing."""
    odd: list[str | bytes] = [
        "{",
        "null",
        b"\x00\x01",
        '{"type": 7}',
        '{"type": "transcription.text.delta"}',
        '{"type": "transcription.text.delta", "text": 7}',
        '{"type": "transcription.done"}',
        '{"type": "error"}',
        '{"type": "turn.around", "time_s": 1}',
        '{"type": "transcription.segment", "start": 1}',
        '{"type": "transcription.language"}',
        '{"type": "transcription.tomorrow"}',
        CREATED,
    ]

    async def play(socket: ServerConnection) -> None:
        await socket.send('{"type": "weather"}')
        await socket.send(CREATED)
        for message in odd:
            await socket.send(message)
        await socket.send('{"type": "transcription.text.delta", "text": "a", "new": {}}')
        await socket.send(
            '{"type": "transcription.done", "model": "m", "text": "a", "language": null, '
            '"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}'
        )
        await socket.wait_closed()

    async with (
        played(play) as url,
        _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        assert await heard(session) == [TextDelta("a"), TranscriptDone("a")]


@pytest.mark.parametrize(
    ("fields", "done"),
    [
        ({}, TranscriptDone("a")),
        ({"language": 7, "usage": None}, TranscriptDone("a")),
        ({"language": "en", "usage": {}}, TranscriptDone("a", "en")),
        ({"usage": {"prompt_audio_seconds": 3}}, TranscriptDone("a", None, 3)),
        ({"usage": {"prompt_audio_seconds": "3"}, "segments": 7}, TranscriptDone("a")),
    ],
    ids=["nothing", "odd", "language", "seconds", "odd-seconds"],
)
async def test_an_end_needs_its_text_alone(fields: dict[str, Any], done: TranscriptDone) -> None:
    """No text that came is lost for a field that is missing, null or odd."""

    async def play(socket: ServerConnection) -> None:
        await socket.send(CREATED)
        await socket.send(json.dumps({"type": "transcription.done", "text": "a"} | fields))
        await socket.wait_closed()

    async with (
        played(play) as url,
        _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        assert await heard(session) == [done]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ({"message": "bad language", "code": 422}, ProviderRejected, "bad language"),
        ({"message": {"detail": "bad"}, "code": 400}, ProviderRejected, "bad"),
        ({"message": {"detail": [{"msg": "odd"}]}, "code": 422}, ProviderRejected, "odd"),
        ({"message": "slow down", "code": 429}, ProviderRateLimited, None),
        ({"message": "secret detail", "code": 3804}, ProviderUnavailable, None),
        ({"message": f"no {KEY}", "code": 401}, ProviderKeyRefused, None),
    ],
    ids=lambda value: str(value.get("code")) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("created", [False, True])
async def test_an_error_event(
    created: bool, error: dict[str, Any], kind: type[ProviderError], words: str | None
) -> None:
    """An error event is the error that it means, before the session is open or after."""

    async def play(socket: ServerConnection) -> None:
        if created:
            await socket.send(CREATED)
        await socket.send(json.dumps({"type": "error", "error": error}))

    async with played(play) as url:
        with pytest.raises(ProviderError) as failure:
            async with _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session:
                await heard(session)
    assert type(failure.value) is kind
    assert (words or "provider") in failure.value.message
    assert "secret" not in failure.value.message
    assert KEY not in failure.value.message


async def test_the_end_is_said_once() -> None:
    """A second end is harmless."""
    async with (
        _provider() as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        await session.end()
        await session.end()
        await heard(session)
        types = [message["type"] for message in server.sessions[0].messages]
        assert types == ["session.update", "input_audio.flush", "input_audio.end"]


def test_words_and_voices_of_a_user_are_not_kept() -> None:
    """A session's message is remembered only if nothing in it is the user's own."""
    remembered = realtime._common_message.cache_info
    realtime.update_message(RealtimeOptions(VERSION_2, language="en"))
    before = remembered().currsize
    told = realtime.update_message(RealtimeOptions(VERSION_2, context_bias=("Ann",)))
    assert json.loads(told)["session"]["context_bias"] == ["Ann"]
    realtime.update_message(RealtimeOptions(VERSION_2, speakers=(VOICE,)))
    assert (before > 0, remembered().currsize) == (True, before)


async def test_what_models_can_do_is_told() -> None:
    """Known models have their delays and languages; an unknown one is not found."""
    mistral = ModelCards("http://127.0.0.1:9", api_key=SecretStr(KEY), connect_seconds=1)
    second, third = [await mistral.realtime_capabilities(one) for one in (VERSION_2, VERSION_3)]
    assert [480 in delays for delays in second.streaming_delays_ms] == [True]
    assert not any(1300 in delays for delays in third.streaming_delays_ms)
    assert any(2400 in delays for delays in third.streaming_delays_ms)
    assert {"en", "de", "ja"} <= second.languages < third.languages
    assert (second.accepts_context_bias, third.accepts_context_bias) == (False, True)
    assert second.max_lag_ms >= 2400
    with pytest.raises(NotFound) as failure:
        await mistral.realtime_capabilities("x" * 1000)
    assert len(failure.value.message) < 200
    await mistral.aclose()


def test_validators_are_built_without_a_provider() -> None:
    """What makes a first session slow is paid for without calling anybody."""
    build_validators()
