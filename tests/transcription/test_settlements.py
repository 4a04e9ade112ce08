import asyncio
import time
from collections import Counter

import pytest

from tests.waiting import until, within
from transcription.errors import LedgerUnavailable
from transcription.ledger.settlements import Close, Settlements


class Till:
    """Takes settlements when it is open."""

    def __init__(self) -> None:
        self.open = True
        self.poison: set[str] = set()
        self.unknown: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.taken: list[str] = []

    async def settle(self, close: Close) -> bool:
        """Take one, or fail."""
        await asyncio.sleep(0)
        self.asked[close.session_id] += 1
        if not self.open or close.session_id in self.poison:
            raise LedgerUnavailable
        if close.session_id in self.unknown:
            return False
        self.taken.append(close.session_id)
        return True


def close(name: str, *, opens_until: float | None = None) -> Close:
    """A settlement of a session called `name`."""
    return Close(name, 1.0, "complete", opens_until=opens_until)


async def work(settlements: Settlements, left: int = 0) -> None:
    """Run the worker until only so many are left."""
    worker = asyncio.create_task(settlements.run())
    await until(lambda: len(settlements) <= left)
    worker.cancel()
    await asyncio.wait({worker})


async def test_order() -> None:
    """Settlements are made in the order in which they came."""
    till = Till()
    settlements = Settlements(till.settle)
    for name in "abc":
        settlements.add(close(name))
    await work(settlements)
    assert till.taken == ["a", "b", "c"]


async def test_outage() -> None:
    """While the ledger is away all are kept, and it is asked ever more rarely."""
    till = Till()
    till.open = False
    settlements = Settlements(till.settle, first_pause_seconds=0.01)
    for name in "abc":
        settlements.add(close(name))
    worker = asyncio.create_task(settlements.run())
    await asyncio.sleep(0.3)
    assert len(settlements) == 3
    assert till.asked.total() < 10
    till.open = True
    await work(settlements)
    worker.cancel()
    await asyncio.wait({worker})
    assert sorted(till.taken) == ["a", "b", "c"]


async def test_one_that_always_fails() -> None:
    """One that always fails holds up no other."""
    till = Till()
    till.poison.add("a")
    settlements = Settlements(till.settle, first_pause_seconds=0.01)
    for name in "abc":
        settlements.add(close(name))
    await work(settlements, left=1)
    assert till.taken == ["b", "c"]


async def test_bound() -> None:
    """The queue is bounded: the oldest is given up, for its lease to end."""
    till = Till()
    settlements = Settlements(till.settle, max_pending=2)
    for name in "abc":
        settlements.add(close(name))
    assert len(settlements) == 2
    await work(settlements)
    assert till.taken == ["b", "c"]


async def test_open_still_under_way() -> None:
    """An open without an answer is settled again when it can no longer arrive, then forgotten."""
    till = Till()
    till.unknown.add("a")
    settlements = Settlements(till.settle)
    settlements.add(close("a", opens_until=time.monotonic() + 0.1))
    await work(settlements)
    assert till.asked["a"] == 2


async def test_open_that_arrived_late() -> None:
    """An open that arrived after its first settlement is settled by the second."""
    till = Till()
    till.unknown.add("a")
    settlements = Settlements(till.settle)
    settlements.add(close("a", opens_until=time.monotonic() + 0.1))
    worker = asyncio.create_task(settlements.run())
    await until(lambda: till.asked.total() > 0)
    till.unknown.clear()
    await work(settlements)
    worker.cancel()
    await asyncio.wait({worker})
    assert till.taken == ["a"]


async def test_unknown_session() -> None:
    """A session that the ledger does not know is asked about once."""
    till = Till()
    till.unknown.add("a")
    settlements = Settlements(till.settle)
    settlements.add(close("a"))
    await work(settlements)
    assert till.asked["a"] == 1


async def test_drain() -> None:
    """The end waits for what can be settled, and not for a ledger that is away."""
    till = Till()
    settlements = Settlements(till.settle)
    for name in "abc":
        settlements.add(close(name), due=time.monotonic() + 60)
    await settlements.drain(5)
    assert (sorted(till.taken), len(settlements)) == (["a", "b", "c"], 0)

    till.open = False
    for name in "def":
        settlements.add(close(name))
    await settlements.drain(5)
    assert (till.asked.total(), len(settlements)) == (4, 3)


async def test_drain_in_time() -> None:
    """The end does not wait for longer than it may, and loses nothing meanwhile."""

    async def never(_: Close) -> bool:
        await asyncio.sleep(3600)
        return True

    settlements = Settlements(never)
    settlements.add(close("a"))
    async with within(5):
        await settlements.drain(0.05)
    assert len(settlements) == 1


async def test_bug() -> None:
    """What is no outage is no reason to try again in silence."""

    async def broken(_: Close) -> bool:
        raise ZeroDivisionError

    settlements = Settlements(broken)
    settlements.add(close("a"))
    with pytest.raises(ZeroDivisionError):
        await settlements.run()
