"""Who was refused lately."""

import pytest

from transcription.errors import BudgetExceeded, QuotaExceeded, SessionLimit, TranscriptionError
from transcription.identity.verifier import User
from ws_bridge.refusals import LATELY_SECONDS, MAX_KEPT, REMEMBERED_SECONDS, Refusals

ADA = User("ada", is_anonymous=False, session_id=None, expires_at=0)
BOB = User("bob", is_anonymous=False, session_id=None, expires_at=0)


def someone(name: str) -> User:
    """Return an anonymous user."""
    return User(name, is_anonymous=True, session_id=None, expires_at=0)


@pytest.mark.parametrize("kind", [QuotaExceeded, BudgetExceeded])
def test_a_lasting_refusal_is_repeated(kind: type[TranscriptionError]) -> None:
    """What no caller can end is refused again for its time, with what is left of it."""
    refusals = Refusals(max_opening=1)
    refusals.note(ADA, None, kind("No more today.", retry_after=20.0), 100.0)
    with pytest.raises(kind, match="No more today") as failure:
        refusals.repeat(ADA, 105.0)
    assert failure.value.retry_after == 15.0
    refusals.repeat(BOB, 105.0)
    refusals.repeat(ADA, 120.0)


def test_no_refusal_is_repeated_for_long() -> None:
    """A refusal until midnight is asked for again after a minute: a limit may have been raised."""
    refusals = Refusals(max_opening=1)
    refusals.note(ADA, None, QuotaExceeded(retry_after=40_000.0), 0.0)
    with pytest.raises(QuotaExceeded):
        refusals.repeat(ADA, REMEMBERED_SECONDS - 0.1)
    refusals.repeat(ADA, REMEMBERED_SECONDS)


def test_what_a_caller_can_end_is_not_repeated() -> None:
    """A user who closes a session may open another at once."""
    refusals = Refusals(max_opening=1)
    refusals.note(ADA, None, SessionLimit(retry_after=30.0), 0.0)
    refusals.repeat(ADA, 0.0)
    assert refusals.lately(ADA, None, 0.0)


def test_lately_ends() -> None:
    """A refusal counts for ten minutes, or until its user is let in."""
    refusals = Refusals(max_opening=1)
    for user in (ADA, BOB):
        refusals.note(user, None, SessionLimit(), 0.0)
    refusals.forget(BOB)
    assert refusals.lately(ADA, None, LATELY_SECONDS - 0.1)
    assert not refusals.lately(ADA, None, LATELY_SECONDS)
    assert not refusals.lately(BOB, None, 0.0)


def test_new_anonymous_users_of_a_network_are_known() -> None:
    """A new account behind an address whose users were refused is no clean slate."""
    refusals = Refusals(max_opening=1)
    refusals.note(someone("one"), "192.0.2.1", QuotaExceeded(retry_after=9.0), 0.0)
    assert refusals.lately(someone("two"), "192.0.2.1", 1.0)
    assert not refusals.lately(someone("two"), "192.0.2.2", 1.0)
    assert not refusals.lately(ADA, "192.0.2.1", 1.0)
    refusals.repeat(someone("two"), 1.0)


def test_the_memory_is_bounded() -> None:
    """However many are refused, only the latest are remembered."""
    refusals = Refusals(max_opening=1)
    for number in range(MAX_KEPT + 1):
        user = User(str(number), is_anonymous=False, session_id=None, expires_at=0)
        refusals.note(user, None, SessionLimit(), 0.0)
    assert not refusals.lately(User("0", False, None, 0.0), None, 0.0)
    assert refusals.lately(User("1", False, None, 0.0), None, 0.0)


def test_so_many_are_opened_at_once() -> None:
    """A user who opens too many sessions at once is told so; the others are not concerned."""
    refusals = Refusals(max_opening=2)
    with refusals.opening(ADA), refusals.opening(ADA):
        with pytest.raises(SessionLimit) as failure, refusals.opening(ADA):
            raise AssertionError
        assert failure.value.retry_after == 1.0
        with refusals.opening(BOB):
            pass
    with refusals.opening(ADA):
        pass
