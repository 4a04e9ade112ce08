"""Who has gone silent."""

import math
from array import array
from functools import cache
from random import Random

import pytest

from tests.ws_bridge.world import SILENCE, VOICE
from ws_bridge.watchdog import Silence, Timeouts, Watchdog

PATIENCE = Timeouts(audio=30.0, ping_interval=15.0, ping_timeout=10.0, provider=15.0)


def _watch() -> Watchdog:
    watch = Watchdog(PATIENCE, 0.0)
    watch.begin(0.0)
    return watch


def _noise(kind: str, dbfs: float, second: int) -> list[bytes]:
    """A second of steady noise in frames of 100 ms; seconds repeat after a while."""
    return _made(kind, dbfs, second % 5)


@cache
def _made(kind: str, dbfs: float, second: int) -> list[bytes]:
    rms = 32_768 * 10 ** (dbfs / 20)
    dice = Random(second)  # noqa: S311 - noise, not a secret
    samples = []
    last = 0.0
    for sample in range(second * 16_000, (second + 1) * 16_000):
        if kind == "hum":
            value = rms * math.sqrt(2) * math.sin(2 * math.pi * 50 * sample / 16_000)
        elif kind == "white":
            value = dice.gauss(0, rms)
        else:  # below 800 Hz or so, as of traffic
            last += 0.27 * (dice.gauss(0, 2.53 * rms) - last)
            value = last
        samples.append(round(max(-32_768, min(32_767, value))))
    pcm = array("h", samples).tobytes()
    return [pcm[at : at + 3200] for at in range(0, len(pcm), 3200)]


def _speak(watch: Watchdog, frame: bytes, *, start: float, end: float) -> list[Silence]:
    """Send 100 ms frames at real time; return what the watch finds on the way."""
    found = []
    for number in range(round(start * 10), round(end * 10)):
        now = number / 10
        watch.audio_came(frame, now)
        watch.audio_taken(now)
        silence = watch.silence(now)
        if silence is not None:
            found.append(silence)
    return found


def test_voice_without_text_is_a_stall() -> None:
    """15 s of voice to which nothing is said are a stall, not a moment earlier."""
    watch = _watch()
    assert _speak(watch, VOICE, start=0, end=15) == []
    assert _speak(watch, VOICE, start=15, end=16)[-1] is Silence.PROVIDER


def test_silence_in_the_room_is_no_stall() -> None:
    """To silence there is nothing to say, for however long."""
    assert _speak(_watch(), SILENCE, start=0, end=300) == []


def test_a_pause_is_not_counted_as_voice() -> None:
    """Voice before and after a long pause adds up; the pause does not."""
    watch = _watch()
    assert _speak(watch, VOICE, start=0, end=8) == []
    assert _speak(watch, SILENCE, start=8, end=60) == []
    assert _speak(watch, VOICE, start=60, end=66) == []
    assert _speak(watch, VOICE, start=66, end=69)[-1] is Silence.PROVIDER


def test_text_is_a_sign_of_life() -> None:
    """A word begins the count anew."""
    watch = _watch()
    _speak(watch, VOICE, start=0, end=14)
    watch.provider_spoke(14.0)
    assert _speak(watch, VOICE, start=14, end=29) == []
    assert _speak(watch, VOICE, start=29, end=30)[-1] is Silence.PROVIDER


@pytest.mark.parametrize("dbfs", [-41.0, -38.0, -30.0, -20.0])
@pytest.mark.parametrize("kind", ["white", "hum", "rumble"])
def test_noise_is_no_voice(kind: str, dbfs: float) -> None:
    """To steady noise there is nothing to say, however loud it is and for however long."""
    watch = _watch()
    for second in range(120):
        frames = _noise(kind, dbfs, second)
        for number, frame in enumerate(frames):
            now = second + number / 10
            watch.audio_came(frame, now)
            watch.audio_taken(now)
            assert not watch.doubts_provider(now)
            assert watch.silence(now) is None


@pytest.mark.parametrize("bangs", [1, 3])
def test_a_bang_is_no_voice(bangs: int) -> None:
    """A door now and then does not make the noise of a room a voice."""
    watch = _watch()
    for second in range(120):
        for number, frame in enumerate(_noise("white", -38.0, second)):
            now = second + number / 10
            loud = second % 9 == 8 and number < bangs
            watch.audio_came(VOICE if loud else frame, now)
            watch.audio_taken(now)
            assert watch.silence(now) is None


def test_voice_after_noise_is_a_stall_within_20_s() -> None:
    """A provider that is mute to speech over the noise of a room is found out."""
    watch = _watch()
    for second in range(60):
        for number, frame in enumerate(_noise("white", -38.0, second)):
            watch.audio_came(frame, second + number / 10)
            watch.audio_taken(second + number / 10)
    assert watch.silence(60.0) is None
    found = _speak(watch, VOICE, start=60, end=80)
    assert Silence.PROVIDER in found


def test_the_provider_is_asked_before_it_is_given_up() -> None:
    """After 12 of the 15 seconds it is asked once; an answer settles the doubt."""
    watch = _watch()
    _speak(watch, VOICE, start=0, end=11.9)
    assert not watch.doubts_provider(11.9)
    _speak(watch, VOICE, start=11.9, end=12.6)
    assert watch.doubts_provider(12.6)
    assert not watch.doubts_provider(12.7)
    watch.provider_spoke(12.8)
    assert _speak(watch, VOICE, start=12.8, end=27) == []
    assert watch.doubts_provider(27.0)


def test_a_backlog_gives_the_provider_its_time() -> None:
    """A backlog holds much voice, but a stall is also 15 s by the clock."""
    watch = _watch()
    for number in range(300):
        watch.audio_came(VOICE, number / 100)
        watch.audio_taken(number / 100)
        assert watch.silence(number / 100) is None
    assert watch.silence(14.9) is None
    assert watch.silence(15.0) is Silence.PROVIDER


def test_audio_that_is_not_taken_is_a_stall() -> None:
    """A provider that takes no audio has stalled, and the client is not blamed meanwhile."""
    watch = _watch()
    watch.audio_came(SILENCE, 5.0)
    assert watch.silence(19.9) is None
    assert watch.silence(20.0) is Silence.PROVIDER
    watch.audio_taken(20.0)
    assert watch.silence(20.1) is None


@pytest.mark.parametrize("answers", [True, False])
def test_a_quiet_client_is_pinged(answers: bool) -> None:
    """After 15 s of quiet it is asked; without an answer within 10 s it is gone."""
    watch = _watch()
    assert watch.silence(14.9) is None
    assert watch.silence(15.0) is Silence.UNSURE
    watch.client_pinged(15.0)
    assert watch.silence(24.9) is None
    if answers:
        watch.client_spoke(24.9)
    assert watch.silence(25.0) is (None if answers else Silence.CLIENT)


def test_answers_are_no_audio() -> None:
    """A client that answers every ping and sends no frame for 30 s is idle."""
    watch = _watch()
    for second in range(30):
        watch.client_spoke(float(second))
        assert watch.silence(float(second)) is None
    assert watch.silence(30.0) is Silence.AUDIO
