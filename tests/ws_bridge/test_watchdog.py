"""Who has gone silent."""

import pytest

from tests.ws_bridge.world import SILENCE, VOICE
from ws_bridge.watchdog import Silence, Timeouts, Watchdog

PATIENCE = Timeouts(audio=30.0, ping_interval=15.0, ping_timeout=10.0, provider=15.0)


def _watch() -> Watchdog:
    watch = Watchdog(PATIENCE, 0.0)
    watch.begin(0.0)
    return watch


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
    watch.text_came(14.0)
    assert _speak(watch, VOICE, start=14, end=29) == []
    assert _speak(watch, VOICE, start=29, end=30)[-1] is Silence.PROVIDER


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
