"""PCM arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from shared_schema.audio import (
    BYTES_PER_SAMPLE,
    BYTES_PER_SECOND,
    FRAME_BYTES,
    SAMPLE_RATE,
    milliseconds,
    seconds,
    whole_samples,
)


def test_a_frame_is_a_tenth_of_a_second() -> None:
    """16 kHz, mono, 16 bit: 3200 bytes are 100 ms."""
    assert FRAME_BYTES == 3200
    assert BYTES_PER_SECOND == SAMPLE_RATE * BYTES_PER_SAMPLE == 32_000
    assert (milliseconds(FRAME_BYTES), seconds(FRAME_BYTES)) == (100, 0.1)


@given(st.floats(0, 10_000))
def test_a_duration_is_whole_samples(duration: float) -> None:
    """Bytes of a duration are whole samples, never more than it and less by one sample at most."""
    size = whole_samples(duration)
    assert size % BYTES_PER_SAMPLE == 0
    assert 0 <= duration - seconds(size) < 1 / SAMPLE_RATE + 1e-9


@given(st.integers(0, 10**9))
def test_milliseconds_are_whole_and_not_too_many(size: int) -> None:
    """Milliseconds are rounded down, so that no audio is told that was not there."""
    assert milliseconds(size) <= seconds(size) * 1000 + 1e-6
    assert milliseconds(size) > seconds(size) * 1000 - 1
