"""Who may wait, and who gives way."""

from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from transcription.process.addresses import network_of
from transcription.process.connection_limiter import ConnectionLimiter

MOMENT = 1.0


@dataclass(eq=False)
class Connection:
    """Someone who gives way when asked, or not."""

    stubborn: bool = False
    asked: int = 0

    def evict(self) -> bool:
        """Leave, unless stubborn."""
        self.asked += 1
        return not self.stubborn


def test_the_oldest_gives_way_after_a_moment() -> None:
    """A full limiter turns a newcomer away at first, and later the oldest for a newcomer."""
    limiter = ConnectionLimiter(limit=2, per_network=2, grace_seconds=MOMENT)
    first, second, third = Connection(), Connection(), Connection()
    assert limiter.arrive(first, None, 0.0)
    assert limiter.arrive(second, None, 0.5)
    assert not limiter.arrive(third, None, 0.9)
    assert limiter.arrive(third, None, 1.0)
    assert (first.asked, second.asked, len(limiter)) == (1, 0, 2)


def test_who_has_work_to_do_is_passed_over() -> None:
    """One who stays is asked first and left in peace; the next one gives way."""
    limiter = ConnectionLimiter(limit=2, per_network=2, grace_seconds=MOMENT)
    busy, idle = Connection(stubborn=True), Connection()
    limiter.arrive(busy, None, 0.0)
    limiter.arrive(idle, None, 0.0)
    assert limiter.arrive(Connection(), None, 2.0)
    assert (busy.asked, idle.asked) == (1, 1)


def test_a_network_has_its_share() -> None:
    """One network's guests make room among themselves, and the others are not asked."""
    limiter = ConnectionLimiter(limit=10, per_network=2, grace_seconds=MOMENT)
    other, *mine = [Connection() for _ in range(4)]
    limiter.arrive(other, "203.0.113.9", 0.0)
    assert limiter.arrive(mine[0], "2001:db8::1", 1.0)
    assert limiter.arrive(mine[1], "2001:db8::ffff:1", 1.0)
    assert not limiter.arrive(mine[2], "2001:db8::2", 1.5)
    assert limiter.arrive(mine[2], "2001:db8::2", 2.0)
    assert (other.asked, mine[0].asked, mine[1].asked) == (0, 1, 0)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/run/socket", None),
        ("", None),
        (None, None),
    ],
)
def test_a_household_is_one_network(address: str | None, network: str | None) -> None:
    """An IPv6 household has a /64 of its own, and cannot count as many by using all of it."""
    assert network_of(address) == network


def test_to_leave_twice_is_harmless() -> None:
    """A guest that gave way is told to be gone again when its connection ends."""
    limiter = ConnectionLimiter(limit=1, per_network=1, grace_seconds=MOMENT)
    guest = Connection()
    limiter.arrive(guest, "203.0.113.1", 0.0)
    limiter.leave(guest)
    limiter.leave(guest)
    assert len(limiter) == 0
    assert limiter.arrive(Connection(), "203.0.113.1", 0.0)


class Crowds(RuleBasedStateMachine):
    """Any order of arrivals, departures and moments."""

    ROOM, SHARE = 4, 2
    guests: Bundle[Connection] = Bundle("guests")

    @initialize()
    def begin(self) -> None:
        """Nobody is there."""
        self.limiter = ConnectionLimiter(
            limit=self.ROOM, per_network=self.SHARE, grace_seconds=MOMENT
        )
        self.now = 0.0
        self.here: dict[Connection, tuple[str | None, float]] = {}
        self.numbers = count()

    @rule(target=guests, address=st.sampled_from((None, "a", "192.0.2.1", "192.0.2.2")))
    def arrive(self, address: str | None) -> Connection | MultipleResults[Connection]:
        """Someone comes: in, for one who was there for a moment; or away, and then it is full."""
        network = address if address is not None and "." in address else None
        same = [
            one for one, (net, _) in self.here.items() if network is not None and net == network
        ]
        guest = Connection()
        if self.limiter.arrive(guest, address, self.now):
            for gone in [one for one in self.here if one.asked]:
                assert self.now - self.here[gone][1] >= MOMENT
                del self.here[gone]
            self.here[guest] = (network, self.now)
            return guest
        full = same if len(same) >= self.SHARE else list(self.here)
        assert len(full) >= (self.SHARE if full is same else self.ROOM)
        assert all(self.now - self.here[one][1] < MOMENT for one in full)
        return multiple()

    @rule(guest=consumes(guests))
    def leave(self, guest: Connection) -> None:
        """Someone goes."""
        self.limiter.leave(guest)
        self.here.pop(guest, None)

    @rule(seconds=st.sampled_from((0.1, MOMENT)))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds

    @invariant()
    def the_limits_hold(self) -> None:
        """There are never more than there is room for, in all and from one network."""
        assert len(self.limiter) == len(self.here) <= self.ROOM
        networks = [net for net, _ in self.here.values() if net is not None]
        assert all(networks.count(net) <= self.SHARE for net in networks)


Crowds.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, derandomize=True, deadline=None, database=None
)
TestCrowds = Crowds.TestCase
