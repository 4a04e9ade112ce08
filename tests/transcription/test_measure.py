"""What a recording is like, by its samples."""

import math
from array import array

import pytest

from transcription.audio.measure import FLOOR_DBFS, Measure

RATE = 16_000


def tone(seconds: float, amplitude: float) -> "array[int]":
    """Return a tone; an amplitude of 1 is full scale."""
    top = amplitude * 32_767
    samples = (math.sin(2 * math.pi * 200 * n / RATE) * top for n in range(round(seconds * RATE)))
    return array("h", map(round, samples))


@pytest.mark.parametrize("step", [7, 320, 100_000])
def test_levels_are_told_in_decibels(step: int) -> None:
    """A loud second between two quiet ones is the speech, whatever the pieces that it came in."""
    samples = tone(1, 0.002) + tone(1, 0.5) + tone(1, 0.002)
    measure = Measure(RATE)
    for at in range(0, len(samples), step):
        measure.push(samples[at : at + step].tobytes())
    found = measure.result()
    assert found.peak_dbfs == pytest.approx(-6, abs=0.1)
    assert found.speech_dbfs == pytest.approx(-9, abs=0.1)
    assert found.noise_dbfs == pytest.approx(-57, abs=0.3)
    assert (found.leading_silence_seconds, found.trailing_silence_seconds) == (1, 1)
    assert found.clipped_runs == 0


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_clipping_is_counted_by_runs(step: int) -> None:
    """Three samples at the end of the scale are one run, however many more follow."""
    samples = array("h", [0, 32_767, 32_767, 0, -32_768, -32_768, -32_768, -32_768, 0])
    measure = Measure(RATE)
    for at in range(0, len(samples), step):
        measure.push(samples[at : at + step].tobytes())
    assert measure.result().clipped_runs == 1


def test_nothing_is_told_of_silence() -> None:
    """Silence has no speech and no peak, and an empty recording neither."""
    silent = Measure(RATE)
    silent.push(bytes(2 * RATE))
    for measure, seconds in ((silent, 1), (Measure(RATE), 0)):
        found = measure.result()
        assert (found.peak_dbfs, found.speech_dbfs, found.noise_dbfs) == (FLOOR_DBFS,) * 3
        assert (found.leading_silence_seconds, found.trailing_silence_seconds) == (seconds,) * 2
