"""How fast audio is taken in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.audio import BYTES_PER_SECOND, FRAME_BYTES
from ws_bridge.token_bucket import BACKLOG_RATE, BURST_BYTES, LEAST_BYTES, RATE, TokenBucket

FLOW = st.lists(
    st.tuples(st.integers(2, 65_536), st.floats(0, 3)),
    max_size=80,
)


@given(FLOW, st.booleans())
def test_no_more_than_the_burst_and_the_rate(flow: list[tuple[int, float]], backlog: bool) -> None:
    """Who waits as told never gets more through than 2 s at once and then the rate's share."""
    now, let_through = 100.0, 0
    pace = TokenBucket(now, backlog=backlog)
    rate = (BACKLOG_RATE if backlog else RATE) * BYTES_PER_SECOND
    for size, pause in flow:
        now += pause
        wait = pace.wait(size, now)
        let_through += size
        now += wait
        assert let_through <= BURST_BYTES + rate * (now - 100.0) + 1e-3


@pytest.mark.parametrize("backlog", [False, True])
@pytest.mark.parametrize("milliseconds", [5, 10, 20, 100, 1000])
def test_real_time_never_waits(backlog: bool, milliseconds: int) -> None:
    """Audio at the pace of a microphone is never held up, in frames of 5 ms or of a second."""
    pace = TokenBucket(0.0, backlog=backlog)
    size = BYTES_PER_SECOND * milliseconds // 1000
    times = (number * milliseconds / 1000 for number in range(60_000 // milliseconds))
    assert not any(pace.wait(size, now) for now in times)


def test_small_frames_are_work_too() -> None:
    """A frame of one sample counts for 10 ms, so that they come at 200 a second and no faster."""
    pace, now = TokenBucket(0.0, backlog=False), 0.0
    for _ in range(BURST_BYTES // LEAST_BYTES + 1000):
        now += pace.wait(2, now)
    assert now == pytest.approx(1000 * LEAST_BYTES / (RATE * BYTES_PER_SECOND))


def test_a_backlog_ends_when_it_is_caught_up() -> None:
    """While it resends, a resumed session has 4×; once at real time for long enough, 2×."""
    pace = TokenBucket(0.0, backlog=True)
    now, flood = 0.0, FRAME_BYTES * 10
    for _ in range(30):
        now += pace.wait(flood, now)
    assert now == pytest.approx((30 - 2) / BACKLOG_RATE)
    for number in range(100):
        now = 10.0 + number / 10
        assert pace.wait(FRAME_BYTES, now) == 0
    began = now
    for _ in range(10):
        now += pace.wait(flood, now)
    assert now - began == pytest.approx((10 - 2) / RATE, abs=0.2)


def test_a_backlog_is_given_time_to_begin() -> None:
    """A resumed session that is slow to begin is not taken for one that has caught up."""
    pace = TokenBucket(0.0, backlog=True)
    assert pace.wait(FRAME_BYTES, 1.9) == 0
    now = 1.9
    for _ in range(4):
        now += pace.wait(FRAME_BYTES * 10, now)
    assert now - 1.9 == pytest.approx((4.1 - 2) / BACKLOG_RATE)
