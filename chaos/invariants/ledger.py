"""Money: what the ledger says, beside what the services and the provider say."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from chaos.fleet import Process
from chaos.fleet.process import Life
from chaos.invariants.broken import Broken, Law
from chaos.observations import Hopping, Recording
from chaos.speech import Ear
from shared_schema.audio import BYTES_PER_SECOND, seconds

Row = Mapping[str, Any]

ROWS: Final = """
select id::text, user_id::text, kind, status, extract(epoch from opened_at)::float8 as opened_at,
  granted_seconds, told_seconds, audio_seconds, charged_seconds
from public.transcription_usage order by opened_at
"""
PENDING_SECONDS: Final = 60.0
"""The longest outage here, and the longest pause between two tries to settle."""
READ_SECONDS: Final = 1.0
"""The longest that a call waits to be read, and its caller may be dead by then."""


def of_settlements(
    rows: Sequence[Row], replicas: Sequence[Process], opens: Mapping[str, float]
) -> Iterator[Broken]:
    """What a replica says that a session used is what the ledger was told.

    A session that its owner never settled had an owner that was killed, maybe while it still tried,
    or that had to go while the ledger was away.

    Args:
        rows: Of the ledger.
        replicas: All.
        opens: When the call came that opened a session, by its id. Postgres may carry it out when
            the caller is dead.
    """
    lives = [life for process in replicas for life in process.lives]
    by_id = {row["id"]: row for row in rows}
    told: set[str] = set()
    for life in lives:
        excuses = _left_to_leases(life)
        for event in life.events():
            session_id = event.get("session_id")
            if event.get("event") != "transcription" or session_id is None:
                continue
            told.add(session_id)
            row = by_id.get(session_id)
            if row is None:
                yield Broken(Law.SETTLED, f"{session_id} is not in the ledger")
            elif row["audio_seconds"] is None:
                forgotten = _may_be_forgotten(life, event)
                excuses -= not forgotten
                if excuses < 0:
                    yield Broken(
                        Law.SETTLED,
                        f"{session_id} ended with {event['audio_seconds']} s, and is"
                        f" {row['status']} in the ledger, which was never told",
                    )
            elif row["kind"] == "realtime" and not _same(row, event["audio_seconds"]):
                yield Broken(
                    Law.CHARGED,
                    f"{session_id} used {event['audio_seconds']} s, and the ledger was told"
                    f" {row['audio_seconds']}",
                )
    for row in rows:
        unsettled = row["audio_seconds"] is None
        if (
            unsettled
            and row["id"] not in told
            and not _owner_is_dead(
                min(row["opened_at"], opens.get(row["id"], row["opened_at"])), lives
            )
        ):
            yield Broken(Law.SETTLED, f"{row['id']} is {row['status']}, and no fault explains it")


def of_charges(
    rows: Sequence[Row], recordings: Sequence[Recording], ears: Iterable[Ear]
) -> Iterator[Broken]:
    """No user is charged less than was transcribed, more than was granted, or twice for a file."""
    whose = {recording.number: recording.user for recording in recordings}
    heard: defaultdict[str, Decimal] = defaultdict(Decimal)
    for ear in ears:
        if ear.recording in whose:
            heard[whose[ear.recording]] += _to_the_millisecond(seconds(ear.size))
    charged: defaultdict[str, Decimal] = defaultdict(Decimal)
    done: Counter[tuple[str, Decimal]] = Counter()
    for row in rows:
        if not 0 <= row["charged_seconds"] <= row["granted_seconds"]:
            yield Broken(Law.CHARGED, f"{row['id']} is charged {row['charged_seconds']} s")
        if row["kind"] == "batch":
            done[row["user_id"], row["granted_seconds"]] += row["status"] == "complete"
        else:
            charged[row["user_id"]] += row["charged_seconds"]
    for (user, length), times in done.items():
        if times > 1:
            yield Broken(Law.CHARGED, f"a file of {length} s of {user} was charged {times} times")
    for user, total in heard.items():
        if user and charged[user] < total:
            yield Broken(
                Law.CHARGED, f"{total} s of {user} were heard, {charged[user]} s were charged"
            )


def of_limits(hoppings: Iterable[Hopping], ears: Iterable[Ear]) -> Iterator[Broken]:
    """A user who hops from bridge to bridge gets what they may use, and not a sample more."""
    heard = [(ear.recording, ear.size) for ear in ears]
    for hopping in hoppings:
        size = sum(size for recording, size in heard if recording in hopping.recordings)
        if size > hopping.limit * BYTES_PER_SECOND:
            yield Broken(Law.LIMIT, f"{seconds(size)} s were handed over of {hopping.limit} s")


def of_leases(rows: Sequence[Row]) -> Iterator[Broken]:
    """When every lease has ended, nothing is open."""
    for row in rows:
        if row["status"] == "open":
            yield Broken(Law.NOTHING_LEFT, f"the lease of {row['id']} is open")


def _to_the_millisecond(duration: float) -> Decimal:
    """Return a duration as the ledger counts it, rounded down."""
    return Decimal(duration).quantize(Decimal("0.001"), ROUND_DOWN)


def _same(row: Row, told: float) -> bool:
    return bool(abs(row["audio_seconds"] - Decimal(str(told))) <= Decimal("0.001"))


def _left_to_leases(life: Life) -> int:
    """Return how many settlements a life had to leave when it went."""
    return sum(
        event["count"]
        for event in life.events()
        if event.get("event") == "settlements_left_to_their_leases"
    )


def _may_be_forgotten(life: Life, event: Mapping[str, Any]) -> bool:
    """Whether a life was killed so soon after a session that it may still have tried to settle."""
    if not life.killed or life.ended is None:
        return False
    since = life.ended - datetime.fromisoformat(event["timestamp"]).timestamp()
    return since < PENDING_SECONDS


def _owner_is_dead(asked_at: float, lives: Iterable[Life]) -> bool:
    """Whether a process has died that may have asked for a session then."""
    return any(
        (life.killed or _left_to_leases(life))
        and life.began <= asked_at <= (life.ended or 0.0) + READ_SECONDS
        for life in lives
    )
