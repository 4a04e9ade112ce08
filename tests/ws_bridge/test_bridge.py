"""Places, names and the clock of one process."""

import asyncio
import math

import pytest
from structlog.testing import capture_logs

from tests.waiting import until
from tests.ws_bridge.machine import TIMING
from transcription.errors import Capacity, Draining
from transcription.ledger.heartbeat import Loss
from transcription.process.connection_limiter import ConnectionLimiter
from transcription.process.metrics import Metrics
from ws_bridge.bridge import Bridge
from ws_bridge.session import Session


class Connection:
    """A relay, as far as the bridge knows it."""

    def __init__(self) -> None:
        self.ticks = 0
        self.told: list[str] = []
        self.broken = False
        self.session = Session(TIMING, 0.0)

    def credit(self, seconds: float) -> None:
        """Take note of nothing."""

    def let_in(self) -> None:
        """Note it."""
        self.told.append("let in")

    def lost(self, loss: Loss) -> None:
        """Note it."""
        self.told.append(loss)

    def tick(self, now: float) -> None:
        """Count; or break."""
        self.ticks += 1
        if self.broken:
            raise ZeroDivisionError

    def drain(self, seconds: float, now: float) -> None:
        """Note it."""
        self.told.append(f"drain {seconds:g}")

    def end(self, now: float) -> None:
        """Note it."""
        self.told.append("end")

    def evict(self) -> bool:
        """Note it."""
        self.told.append("give way")
        return True

    async def replace(self, now: float) -> None:
        """Note it, after others have had their turn."""
        await asyncio.sleep(0)
        self.told.append("replace")


def _bridge(*, sessions: int = 2, pending: int = 2) -> Bridge:
    return Bridge(
        sessions=ConnectionLimiter(limit=sessions, per_network=1, grace_seconds=math.inf),
        pending=ConnectionLimiter(limit=pending, per_network=1),
        metrics=Metrics(),
    )


def test_who_was_let_in_waits_no_more() -> None:
    """The two caps are apart: sockets that wait, and sessions."""
    bridge = _bridge(sessions=1, pending=1)
    first, second, third = Connection(), Connection(), Connection()
    bridge.arrive(first, None, 0.0)
    with pytest.raises(Capacity):
        bridge.arrive(second, None, 0.0)
    bridge.enter(first, None, 0.0)
    bridge.arrive(third, None, 0.0)
    with pytest.raises(Capacity):
        bridge.enter(third, None, 0.0)
    assert (len(bridge), bridge.open_sessions) == (3, 1)
    for guest in (first, second, third):
        bridge.leave(guest)
    assert (len(bridge), bridge.open_sessions) == (0, 0)


def test_who_has_waited_long_gives_way_and_a_session_does_not() -> None:
    """A socket that waits is told to go for a newcomer after a moment; one let in never is."""
    bridge = _bridge(sessions=1, pending=1)
    live, silent, new = Connection(), Connection(), Connection()
    bridge.arrive(live, None, 0.0)
    bridge.enter(live, None, 0.0)
    bridge.arrive(silent, None, 0.0)
    bridge.arrive(new, None, 60.0)
    with pytest.raises(Capacity):
        bridge.enter(new, None, 60.0)
    assert (live.told, silent.told, new.told) == ([], ["give way"], [])


def test_one_address_has_a_share_of_both() -> None:
    """An address with its share of those that wait, or of the sessions, keeps nobody else out."""
    bridge = _bridge(sessions=2, pending=2)
    first, second, other = Connection(), Connection(), Connection()
    bridge.arrive(first, "192.0.2.1", 0.0)
    with pytest.raises(Capacity):
        bridge.arrive(second, "192.0.2.1", 0.0)
    bridge.arrive(other, "192.0.2.2", 0.0)
    bridge.enter(first, "192.0.2.1", 0.0)
    bridge.arrive(second, "192.0.2.1", 0.0)
    with pytest.raises(Capacity):
        bridge.enter(second, "192.0.2.1", 0.0)
    bridge.enter(other, "192.0.2.2", 0.0)


def test_who_is_refused_takes_no_place() -> None:
    """A refused socket that is still being closed counts neither as waiting nor as let in."""
    bridge = _bridge(pending=1)
    first, refused, third = Connection(), Connection(), Connection()
    bridge.arrive(first, None, 0.0)
    with pytest.raises(Capacity):
        bridge.arrive(refused, None, 0.0)
    bridge.leave(first)
    bridge.arrive(third, None, 0.0)
    assert bridge.open_sessions == 0


async def test_a_place_is_inherited() -> None:
    """The heir has the place as soon as its predecessor is settled, shut or not."""
    bridge = _bridge(sessions=1)
    old, heir, stranger = Connection(), Connection(), Connection()
    bridge.arrive(old, None, 0.0)
    bridge.enter(old, None, 0.0)
    bridge.name(old, "user", "session")
    bridge.arrive(stranger, None, 0.0)
    with pytest.raises(Capacity):
        await bridge.succeed(stranger, "another user", "session", None, 0.0)
    assert old.told == []
    bridge.arrive(heir, None, 0.0)
    await bridge.succeed(heir, "user", "session", None, 0.0)
    assert old.told == ["replace"]
    assert bridge.open_sessions == 1
    bridge.leave(old)
    assert bridge.open_sessions == 1


async def test_who_resumes_elsewhere_needs_a_free_place() -> None:
    """A session that another process holds leaves no place here; any free one will do."""
    bridge = _bridge(sessions=1)
    heir = Connection()
    bridge.arrive(heir, None, 0.0)
    await bridge.succeed(heir, "user", "held by another process", None, 0.0)
    assert bridge.open_sessions == 1


def test_draining_tells_everybody_and_takes_nobody() -> None:
    """Those who are here are told; who comes is refused."""
    bridge = _bridge()
    first, late = Connection(), Connection()
    bridge.arrive(first, None, 0.0)
    bridge.drain(30.0, 0.0)
    assert first.told == ["drain 30"]
    with pytest.raises(Draining):
        bridge.arrive(late, None, 0.0)
    bridge.end(1.0)
    assert (first.told, late.told) == (["drain 30", "end"], ["end"])


async def test_empty_is_empty_again() -> None:
    """The wait for the last socket ends with it, and an empty bridge does not wait."""
    bridge = _bridge()
    await bridge.wait_empty()
    guest = Connection()
    bridge.arrive(guest, None, 0.0)
    waiting = asyncio.create_task(bridge.wait_empty())
    await asyncio.sleep(0)
    assert not waiting.done()
    bridge.leave(guest)
    await waiting


async def test_one_sessions_bug_does_not_stop_the_clock() -> None:
    """A session whose tick raises is logged, and the others' time goes on."""
    bridge = _bridge()
    broken, sound = Connection(), Connection()
    broken.broken = True
    bridge.arrive(broken, None, 0.0)
    bridge.arrive(sound, None, 0.0)
    with capture_logs() as logs:
        clock = asyncio.create_task(bridge.keep_time())
        await until(lambda: sound.ticks > 1)
        clock.cancel()
        await asyncio.gather(clock, return_exceptions=True)
    assert {log["event"] for log in logs} == {"tick_failed"}
