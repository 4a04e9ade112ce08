"""A circuit breaker: when a provider is passed over, and how it comes back."""

import pytest

from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.breaker import (
    DOUBTS,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Breaker,
)


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at some time."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """A breaker of a provider of which nothing is known."""
    return Breaker(clock)


@pytest.mark.parametrize(
    "error",
    [ProviderUnavailable(), ProviderRateLimited(), ProviderKeyRefused(status=401)],
    ids=repr,
)
def test_one_failure_at_the_start_opens_it(
    breaker: Breaker, clock: Clock, error: ProviderError
) -> None:
    """A provider that lets no one in is passed over at once, until its pause is over."""
    assert (breaker.state, breaker.admits) == ("closed", True)
    breaker.attempt().failed(error)
    assert (breaker.state, breaker.admits) == ("open", False)
    clock.now += FIRST_PAUSE_SECONDS - 0.1
    assert not breaker.admits
    clock.now += 0.1
    assert (breaker.state, breaker.admits) == ("half_open", True)


def test_one_attempt_finds_out(breaker: Breaker, clock: Clock) -> None:
    """After the pause one attempt is let through; the rest wait for what comes of it."""
    breaker.attempt().failed(ProviderUnavailable())
    clock.now += FIRST_PAUSE_SECONDS
    probe = breaker.attempt()
    assert probe.is_probe
    assert not breaker.admits
    assert not breaker.attempt().is_probe
    probe.worked()
    assert (breaker.state, breaker.admits) == ("closed", True)


def test_an_attempt_that_says_nothing_lets_the_next_one_find_out(
    breaker: Breaker, clock: Clock
) -> None:
    """A caller who leaves without a word has found out nothing, and holds no one up."""
    breaker.attempt().failed(ProviderUnavailable())
    clock.now += FIRST_PAUSE_SECONDS
    breaker.attempt().over()
    assert (breaker.state, breaker.admits) == ("half_open", True)


def test_each_failed_attempt_doubles_the_pause(breaker: Breaker, clock: Clock) -> None:
    """Pauses grow to a bound, and words make the next one short again."""
    for tries in range(12):
        breaker.attempt().failed(ProviderUnavailable())
        pause = min(FIRST_PAUSE_SECONDS * 2**tries, LONGEST_PAUSE_SECONDS)
        assert breaker.due_at == pytest.approx(clock.now + pause)
        clock.now = breaker.due_at
    breaker.attempt().worked()
    breaker.attempt().failed(ProviderUnavailable())
    assert breaker.due_at == pytest.approx(clock.now + FIRST_PAUSE_SECONDS)


def test_many_who_meet_one_outage_count_once(breaker: Breaker, clock: Clock) -> None:
    """Attempts that were under way when it failed neither lengthen its pause nor end it."""
    under_way = [breaker.attempt() for _ in range(5)]
    for attempt in under_way[:4]:
        attempt.failed(ProviderUnavailable())
    assert breaker.due_at == pytest.approx(clock.now + FIRST_PAUSE_SECONDS)
    under_way[4].worked()  # it had its words before
    assert breaker.state == "open"


def test_a_rate_limit_is_kept(breaker: Breaker, clock: Clock) -> None:
    """A provider that says when to come back is left alone for so long, within a bound."""
    breaker.attempt().failed(ProviderRateLimited(retry_after=42))
    assert breaker.due_at == pytest.approx(clock.now + 42)
    clock.now = breaker.due_at
    breaker.attempt().failed(ProviderRateLimited(retry_after=86_400))
    assert breaker.due_at == pytest.approx(clock.now + LONGEST_PAUSE_SECONDS)


def test_a_request_that_is_refused_says_nothing(breaker: Breaker) -> None:
    """A provider that refuses what it was asked is there."""
    for _ in range(10):
        breaker.attempt().failed(ProviderRejected("no such thing"), begun=True)
        breaker.attempt().failed(ProviderRejected("no such thing"))
    assert breaker.state == "closed"


def test_one_recording_closes_a_provider_for_no_one_else(breaker: Breaker) -> None:
    """Work that fails after it began is a doubt; some in a row, without a success, are enough."""
    for _ in range(DOUBTS - 1):
        breaker.attempt().failed(ProviderUnavailable(), begun=True)
    breaker.attempt().worked()
    for _ in range(DOUBTS - 1):
        breaker.attempt().failed(ProviderUnavailable(), begun=True)
    assert breaker.admits
    breaker.attempt().failed(ProviderUnavailable(), begun=True)
    assert breaker.state == "open"


def test_a_probe_that_fails_later_has_failed(breaker: Breaker, clock: Clock) -> None:
    """A provider that lets the probe in and then fails it stays out, for longer."""
    breaker.attempt().failed(ProviderUnavailable())
    clock.now += FIRST_PAUSE_SECONDS
    breaker.attempt().failed(ProviderUnavailable(), begun=True)
    assert breaker.due_at == pytest.approx(clock.now + 2 * FIRST_PAUSE_SECONDS)


def test_the_health_endpoint_is_believed(breaker: Breaker, clock: Clock) -> None:
    """A provider that says that it is not well is passed over; when it is, it may be tried."""
    breaker.answered(well=False)
    assert (breaker.state, breaker.admits) == ("open", False)
    breaker.answered(well=True)
    assert breaker.admits
    breaker.attempt().failed(ProviderRateLimited(retry_after=100))
    breaker.answered(well=True)  # it never said otherwise: its pause stands
    assert breaker.state == "open"
    breaker.answered(well=False)
    clock.now += 200
    assert not breaker.admits
    breaker.answered(well=True)
    assert (breaker.state, breaker.admits) == ("half_open", True)
