"""Whose file is read next."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from transcription.audio.turns import DEBT_PER_SECOND, FREE_DEBT, MAX_DEBT, Turns
from transcription.errors import Capacity, RateLimited


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


async def _taken(turns: Turns, *groups: str) -> bool:
    """Tell whether a turn can be taken now."""
    try:
        async with turns.turn(*groups):
            return True
    except (Capacity, RateLimited):
        return False


@pytest.mark.parametrize("group", ["user ada", "network 192.0.2.1"])
async def test_a_group_takes_half_of_the_turns(group: str) -> None:
    """One user, and one network whatever its users, leave half of the turns to others."""
    turns = Turns(4, wait_seconds=0.01)
    async with AsyncExitStack() as stack:
        for number in range(2):
            await stack.enter_async_context(turns.turn(f"other {number}", group))
        assert not await _taken(turns, "user eve", group)
        assert await _taken(turns, "user bob", "network 198.51.100.1")
    assert await _taken(turns, "user eve", group)


async def test_whose_files_are_refused_waits() -> None:
    """What refused files cost is waited for, by the user and the network, and by no other."""
    clock = Clock()
    turns = Turns(2, wait_seconds=0.01, clock=clock)
    turns.refused(1.0, "user eve", "network 192.0.2.1")
    with pytest.raises(RateLimited) as caught:
        async with turns.turn("user mallory", "network 192.0.2.1"):
            pass
    assert caught.value.retry_after == DEBT_PER_SECOND - FREE_DEBT
    assert await _taken(turns, "user bob", "network 198.51.100.1")
    clock.now += DEBT_PER_SECOND - FREE_DEBT
    assert await _taken(turns, "user mallory", "network 192.0.2.1")


async def test_a_wrong_file_now_and_then_is_free() -> None:
    """A person who chose a wrong file is not kept waiting."""
    turns = Turns(2, wait_seconds=0.01, clock=Clock())
    for _ in range(3):
        turns.refused(0.1, "user ada")
    assert await _taken(turns, "user ada")


async def test_a_short_wait_is_waited_for() -> None:
    """A debt that is less than the queue's patience ends in a turn, not in an error."""
    turns = Turns(2, wait_seconds=5)
    turns.refused((FREE_DEBT + 0.1) / DEBT_PER_SECOND, "user ada")
    began = asyncio.get_running_loop().time()
    assert await _taken(turns, "user ada")
    assert asyncio.get_running_loop().time() - began > 0.05


async def test_debts_are_bounded() -> None:
    """No debt lasts for longer than a while, and as many as strangers can make are not kept."""
    clock = Clock()
    turns = Turns(2, wait_seconds=0.01, clock=clock)
    turns.refused(10_000, "user eve")
    for number in range(30_000):
        turns.refused(1, f"user {number}")
    assert len(turns._paid_at) <= 10_002
    assert not await _taken(turns, "user eve")
    clock.now += MAX_DEBT
    assert await _taken(turns, "user eve")
