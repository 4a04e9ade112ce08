"""The third generation of Voxtral, as the stand-in plays it."""

import base64
import io
import wave
from typing import Any

import pytest

from local_stack.provider import Script
from local_stack.provider.mistral import third
from tests.local_stack.provider.test_scripted import LIVE_3, session
from tests.local_stack.provider.wire import hear, say


def clip(seconds: float) -> str:
    """A voice of this length, in base64."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * int(8000 * seconds)))
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, None),
        ({"min_silence_ms": 300, "end_timeout_ms": 300}, None),
        ({"start_threshold": 0.4}, "thresholds"),
        ({"end_threshold": 0.5}, "thresholds"),
        ({"start_threshold": 1.5}, "less than or equal to 1"),
        ({"min_silence_ms": 900, "end_timeout_ms": 500}, "at least min_silence_ms"),
        ({"patience": 7}, "not permitted"),
    ],
)
def test_settings_of_turns_are_checked(settings: dict[str, Any], words: str | None) -> None:
    """Thresholds are in their order, and a turn ends no sooner than its silence."""
    fault = third.turn_fault(settings)
    assert fault is None if words is None else words in (fault or "")


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ({"ann": clip(3.0), "bob": clip(15.0)}, None),
        ({"ann": clip(2.5)}, "3 to 15 seconds"),
        ({"ann": clip(16)}, "3 to 15 seconds"),
        ({"ann": "not base64!"}, "no audio"),
        ({"ann": "bm8gYXVkaW8="}, "no audio"),
        ({f"n{number}": "" for number in range(9)}, "at most 8"),
    ],
    ids=["good", "short", "long", "garbage", "text", "many"],
)
def test_voices_are_checked(clips: dict[str, str], words: str | None) -> None:
    """Up to eight clips of 3 to 15 seconds are taken."""
    fault = third.speakers_fault(clips)
    assert fault is None if words is None else words in (fault or "")


def test_texts_and_audio_share_their_room() -> None:
    """Any number of texts is taken, up to the tokens that the model has."""
    assert third.context_fault(["A talk about birds, and how they sing."] * 150) is None
    assert "65536" in (third.context_fault(["x" * 4 * 65_537]) or "")


async def test_speakers_or_turns() -> None:
    """A session that asks for both is refused in words, and goes on with what it had."""
    async with session(Script(), model=LIVE_3) as (_, socket):
        both = {"diarize": True, "turn_detection": {}}
        await say(socket, {"type": "session.update", "session": both})
        refused = await hear(socket)
        assert refused["type"] == "error"
        assert third.NOT_BOTH in str(refused["error"]["message"])
        await say(socket, {"type": "session.update", "session": {"turn_detection": {}}})
        assert (await hear(socket))["type"] == "session.updated"


async def test_an_update_tells_what_holds() -> None:
    """`session.updated` has speakers and turns as the session has them."""
    async with session(Script(), model=LIVE_3) as (_, socket):
        voices = {"diarize": True, "speaker_references": {"ann": clip(3.0)}}
        await say(socket, {"type": "session.update", "session": voices})
        told = (await hear(socket))["session"]
        assert (told["diarize"], told["speaker_references"]) == (True, ["ann"])
        assert told["turn_detection"] is None
