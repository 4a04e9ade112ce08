"""Which numbers of sessions are tried, for how long, and which is the knee. No I/O."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

_ROUND_TO: Final = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        bridges: Processes that the sessions are spread over.
        climb: Numbers of sessions to try, from the first until one is too many.
        climb_seconds: Length of their windows.
        halvings: Of the gap between the greatest that was held and the least that was not.
        hold_seconds: Length of the window that decides.
        holds: Windows of that length, at most.
        step_back: What the next is tried with, as a share of one that was not held.
        opens_per_second: How fast sessions are opened at the bridges, while those before speak.
        rush: The last so many come within one second: their time to ready is reported.
        settle_seconds: Between the last `ready` and the window.
    """

    bridges: int = 2
    climb: tuple[int, ...] = (50, 200, 400, 800, 1200, 1600, 2000)
    climb_seconds: float = 6.0
    halvings: int = 2
    hold_seconds: float = 60.0
    holds: int = 3
    step_back: float = 0.9
    opens_per_second: float = 50.0
    rush: int = 100
    settle_seconds: float = 3.0


FULL: Final = Plan()
QUICK: Final = Plan(climb=(50, 200), climb_seconds=3.0, halvings=0, hold_seconds=5.0, holds=1)


@dataclass(frozen=True, slots=True)
class Trial:
    """One number of sessions, held for so long."""

    sessions: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Knee:
    """Where it is.

    Attributes:
        sessions: The greatest number that was held for the whole time; 0: none was.
        too_many: The least that was not held; None: the climb ended before there was one.
    """

    sessions: int
    too_many: int | None


def search(plan: Plan) -> Generator[Trial, bool, Knee]:
    """Climb until it is too much, halve the gap, then hold what is left for the whole time.

    Yields:
        What to try next; whether it was held has to be sent back.
    """
    held, too_many = 0, None
    for count in plan.climb:
        if not (yield Trial(count, plan.climb_seconds)):
            too_many = count
            break
        held = count
    for _ in range(plan.halvings):
        middle = _rounded((held + too_many) / 2) if too_many is not None else held
        if too_many is None or not held < middle < too_many:
            break
        if (yield Trial(middle, plan.climb_seconds)):
            held = middle
        else:
            too_many = middle
    count = held
    for _ in range(plan.holds):
        if count < 1:
            break
        if (yield Trial(count, plan.hold_seconds)):
            return Knee(count, too_many)
        too_many, count = count, _rounded(count * plan.step_back)
    return Knee(0, too_many)


def _rounded(count: float) -> int:
    return int(count / _ROUND_TO) * _ROUND_TO
