import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.doubles.ledger import MemoryLedger
from tests.waiting import until
from transcription.errors import LedgerUnavailable
from transcription.ledger.base import Grant, Lease, LeaseState
from transcription.ledger.heartbeat import Heartbeat, Loss

GRANTED = 300.0
CREDIT = 60.0


@dataclass
class ScriptedLedger(MemoryLedger):
    """Answers heartbeats as it is told."""

    states: dict[str, LeaseState] = field(default_factory=dict)
    grants: dict[str, float] = field(default_factory=dict)
    away: bool = False
    told: list[dict[str, float]] = field(default_factory=list)

    async def touch(self, audio_seconds: Mapping[str, float]) -> Mapping[str, Lease]:
        """Answer, after a while in which the world goes on."""
        await asyncio.sleep(0)
        self.told.append(dict(audio_seconds))
        if self.away:
            raise LedgerUnavailable
        return {
            one: Lease(
                id=one,
                state=self.states.get(one, "open"),
                granted_seconds=self.grants.get(one, GRANTED),
                credit_seconds=audio_seconds[one] + CREDIT,
            )
            for one in audio_seconds
        }


@dataclass
class Session:
    """What is watched."""

    id: str
    audio_seconds: float = 0.0
    losses: list[Loss] = field(default_factory=list)
    grants: list[float] = field(default_factory=list)
    credits: list[float] = field(default_factory=list)

    def watched_by(self, heartbeat: Heartbeat) -> AbstractContextManager[None]:
        """Have it watched."""
        return heartbeat.watching(
            Grant(id=self.id, granted_seconds=GRANTED, cut_by="max_duration"),
            audio_seconds=lambda: self.audio_seconds,
            on_lost=self.losses.append,
            on_grant=self.grants.append,
            on_credit=self.credits.append,
        )


async def test_one_call_for_all() -> None:
    """One call tells the ledger what every session has used by then."""
    ledger = ScriptedLedger()
    heartbeat = Heartbeat(ledger)
    one, two = Session("one"), Session("two")
    with one.watched_by(heartbeat), two.watched_by(heartbeat):
        one.audio_seconds, two.audio_seconds = 1.5, 2.5
        await heartbeat.beat()
        assert ledger.told == [{"one": 1.5, "two": 2.5}]
    await heartbeat.beat()
    assert len(ledger.told) == 1


async def test_credit() -> None:
    """Each answer brings the session's credit, but for one whose lease has ended."""
    ledger = ScriptedLedger(states={"two": "expired"})
    heartbeat = Heartbeat(ledger)
    one, two = Session("one", 5.0), Session("two", 5.0)
    with one.watched_by(heartbeat), two.watched_by(heartbeat):
        await heartbeat.beat()
        ledger.away = True
        await heartbeat.beat()
    assert (one.credits, two.credits) == ([5 + CREDIT], [])


async def test_regular() -> None:
    """It beats until it is cancelled."""
    ledger = ScriptedLedger()
    heartbeat = Heartbeat(ledger, interval_seconds=0.01)
    with Session("one").watched_by(heartbeat):
        beating = asyncio.create_task(heartbeat.run())
        await until(lambda: len(ledger.told) >= 3)
        beating.cancel()
        await asyncio.wait({beating})


async def test_hurried() -> None:
    """A process that drains reports at once, and more often from then on."""
    ledger = ScriptedLedger()
    heartbeat = Heartbeat(ledger, interval_seconds=3600)
    with Session("one").watched_by(heartbeat):
        beating = asyncio.create_task(heartbeat.run())
        await asyncio.sleep(0)
        heartbeat.hurry(0.01)
        await until(lambda: len(ledger.told) >= 3)
        beating.cancel()
        await asyncio.wait({beating})


async def test_losses() -> None:
    """A session that lost its place hears so once, and no other hears of it."""
    ledger = ScriptedLedger(states={"a": "replaced", "b": "revoked", "c": "unknown"})
    heartbeat = Heartbeat(ledger)
    sessions = [Session(name) for name in "abcd"]
    a, b, c, d = sessions
    with (
        a.watched_by(heartbeat),
        b.watched_by(heartbeat),
        c.watched_by(heartbeat),
        d.watched_by(heartbeat),
    ):
        await heartbeat.beat()
        await heartbeat.beat()
    assert [session.losses for session in sessions] == [["replaced"], ["revoked"], ["revoked"], []]
    assert list(ledger.told[1]) == ["d"]


async def test_states_that_end_nothing() -> None:
    """A lease that is between two heartbeats, or was just settled, ends nothing."""
    ledger = ScriptedLedger(states={"a": "expired", "b": "closed"})
    heartbeat = Heartbeat(ledger)
    a, b = Session("a"), Session("b")
    with a.watched_by(heartbeat), b.watched_by(heartbeat):
        await heartbeat.beat()
    assert (a.losses, b.losses) == ([], [])


async def test_changed_grant() -> None:
    """A grant that the ledger had to shorten, or could lengthen, is told once."""
    ledger = ScriptedLedger(grants={"a": 100.0})
    heartbeat = Heartbeat(ledger)
    session = Session("a")
    with session.watched_by(heartbeat):
        await heartbeat.beat()
        await heartbeat.beat()
        ledger.grants["a"] = 120.0
        await heartbeat.beat()
        await heartbeat.beat()
    assert session.grants == [100.0, 120.0]


async def test_outage() -> None:
    """While the ledger is away sessions go on, and are told of again when it is back."""
    ledger = ScriptedLedger(away=True)
    heartbeat = Heartbeat(ledger)
    session = Session("a")
    with session.watched_by(heartbeat):
        await heartbeat.beat()
        ledger.away = False
        await heartbeat.beat()
    assert (len(ledger.told), session.losses) == (2, [])


async def test_session_that_ended_meanwhile() -> None:
    """What ended while the call was under way hears nothing."""
    ledger = ScriptedLedger(states={"a": "replaced"})
    heartbeat = Heartbeat(ledger)
    session = Session("a")
    with session.watched_by(heartbeat):
        beat = asyncio.create_task(heartbeat.beat())
        await asyncio.sleep(0)
    await beat
    assert session.losses == []
