"""What a recording is like, by its levels."""

import math
from array import array

import pytest

from shared_schema.bundles import Measures
from shared_schema.levels import FLOOR_DBFS
from transcription.audio.measure import measures_of
from transcription.match.levels import levels_of

RATE = 16_000


def tone(seconds: float, amplitude: float) -> "array[int]":
    """Return a tone; an amplitude of 1 is full scale."""
    top = amplitude * 32_767
    samples = (math.sin(2 * math.pi * 200 * n / RATE) * top for n in range(round(seconds * RATE)))
    return array("h", map(round, samples))


def test_levels_are_told_in_decibels() -> None:
    """A loud second between two quiet ones is the speech, and they are the room."""
    samples = tone(1, 0.002) + tone(1, 0.5) + tone(1, 0.002)
    found = Measures(**measures_of(levels_of([samples.tobytes()], RATE), max(samples)))
    assert found.peak_dbfs == pytest.approx(-6, abs=0.1)
    assert found.speech_dbfs == pytest.approx(-9, abs=0.1)
    assert found.noise_dbfs == pytest.approx(-57, abs=0.3)
    assert (found.leading_silence_seconds, found.trailing_silence_seconds) == (1, 1)
    assert found.clipped_seconds == 0


def test_clipping_is_told_in_seconds() -> None:
    """Sound at the end of the scale is clipped as long as it lasts."""
    samples = tone(0.5, 0.5) + array("h", [32_767, -32_768] * RATE)[: RATE // 5] + tone(0.5, 0.5)
    found = Measures(**measures_of(levels_of([samples.tobytes()], RATE), 32_768))
    assert (found.peak_dbfs, found.clipped_seconds) == (0, 0.2)


def test_nothing_is_told_of_silence() -> None:
    """Silence has no speech and no peak, and an empty recording neither."""
    for pcm, seconds in ((bytes(2 * RATE), 1), (b"", 0)):
        found = Measures(**measures_of(levels_of([pcm], RATE), 0))
        assert (found.peak_dbfs, found.speech_dbfs, found.noise_dbfs) == (FLOOR_DBFS,) * 3
        assert (found.leading_silence_seconds, found.trailing_silence_seconds) == (seconds,) * 2
