"""Names of sessions."""

from uuid import UUID

from transcription.ledger.session_id import session_id


def test_names_rise_with_time_and_never_meet() -> None:
    """A name is a UUID of version 7; one that is made later, by a millisecond, is greater."""
    names = [UUID(session_id()) for _ in range(10_000)]
    assert {(name.version, name.variant) for name in names} == {(7, "specified in RFC 4122")}
    assert len(set(names)) == len(names)
    times = [name.int >> 80 for name in names]
    assert times == sorted(times)
