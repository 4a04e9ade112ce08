"""Is it loud enough for a voice?"""

import math
from array import array

import pytest

from tests.ws_bridge.world import SILENCE, VOICE
from ws_bridge.watchdog import THRESHOLD_DBFS, is_loud


def _tone(dbfs: float, hertz: float = 440.0) -> bytes:
    """Return 100 ms of a sine whose RMS is `dbfs`."""
    peak = 32_768 * math.sqrt(2) * 10 ** (dbfs / 20)
    return array(
        "h", (round(peak * math.sin(2 * math.pi * hertz * n / 16_000)) for n in range(1600))
    ).tobytes()


def test_speech_is_loud_and_a_room_is_not() -> None:
    """A level of speech counts, a quiet room's does not."""
    assert is_loud(VOICE)
    assert is_loud(_tone(-35))
    assert not is_loud(_tone(-50))
    assert not is_loud(SILENCE)


@pytest.mark.parametrize("hertz", [110.0, 440.0, 3100.0])
def test_the_threshold_is_where_it_says(hertz: float) -> None:
    """The limit is right to a decibel or so, though one sample in eight is looked at."""
    assert is_loud(_tone(THRESHOLD_DBFS + 1.5, hertz))
    assert not is_loud(_tone(THRESHOLD_DBFS - 1.5, hertz))


def test_the_smallest_frames_have_an_answer() -> None:
    """A frame of no sample is no voice; the loudest sample is."""
    assert not is_loud(b"")
    assert is_loud(b"\x00\x80")
