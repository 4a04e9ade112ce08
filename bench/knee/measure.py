"""Try what the search asks for: bridges, and the provider alone, with as many sessions."""

import sys
from collections.abc import Awaitable, Callable
from typing import Final

from bench.children import ChildError
from bench.cores import Cores
from bench.knee.plan import Knee, Plan, Trial, search
from bench.knee.summary import Point
from bench.measure import Lab, Run
from bench.plan import Plan as Window
from bench.tables import NOISY_CORES
from bench.variants import BRIDGE, DIRECT, Variant

_DIRECT_OPENS: Final = 4
"""Times as fast as at the bridges."""


async def climb(
    plan: Plan, attempt: Callable[[Trial], Awaitable[Point | None]]
) -> tuple[Knee, list[Point]]:
    """Follow the search to its end.

    What was not held on a machine that others kept busy gets another turn: that is no knee.

    Args:
        plan: Of the search.
        attempt: Tries a number of sessions; None: it could not even be measured.
    """
    points: list[Point] = []
    steps = search(plan)
    trial = next(steps)
    while True:
        point = await attempt(trial)
        if point is not None and not point.held and point.bridges.others_cpu > NOISY_CORES:
            points.append(point)
            point = await attempt(trial)
        if point is not None:
            points.append(point)
        try:
            trial = steps.send(point is not None and point.held)
        except StopIteration as end:
            return end.value, points


class Climber:
    """Measures trials on this machine.

    Args:
        lab: The processes that all trials share.
        plan: For the number of bridges, and the speed of opening.
        tell: Called with each trial and what it gave, or why it gave nothing.
    """

    def __init__(self, lab: Lab, plan: Plan, tell: Callable[[Trial, Point | str], None]) -> None:
        self._lab = lab
        self._plan = plan
        self._tell = tell
        self._direct: dict[int, Run] = {}

    async def attempt(self, trial: Trial) -> Point | None:
        """Hold so many sessions, with bridges and without; None if a bridge fails altogether."""
        try:
            bridges = await self._run(BRIDGE, trial.sessions, trial.seconds)
            direct = await self._beside(trial.sessions)
        except ChildError as error:
            self._tell(trial, str(error))
            return None
        point = Point(trial.seconds, bridges, direct)
        self._tell(trial, point)
        return point

    async def _beside(self, sessions: int) -> Run:
        """Return the best of direct's windows with so many: a hiccup there must excuse nothing."""
        run = await self._run(DIRECT, sessions, self._plan.climb_seconds)
        known = self._direct.get(sessions)
        if known is None or run.p99_ms < known.p99_ms:
            self._direct[sessions] = known = run
        return known

    async def _run(self, variant: Variant, sessions: int, seconds: float) -> Run:
        plan = self._plan
        window = Window(
            (sessions,),
            rounds=1,
            seconds=seconds,
            # How fast direct's sessions are opened is of no interest.
            opens_per_second=plan.opens_per_second * (_DIRECT_OPENS if variant is DIRECT else 1),
            rush=plan.rush,
            speak_while_opening=True,
            settle_seconds=plan.settle_seconds,
        )
        return await self._lab.run(variant, sessions, window, relays=self._plan.bridges)


async def measure(
    plan: Plan, tell: Callable[[Trial, Point | str], None]
) -> tuple[Knee, list[Point]]:
    """Find the knee on all cores of this machine.

    Raises:
        ChildError: the generator, the provider or the ledger's double does not start.
    """
    async with Lab.open(Cores.shared(), sys.executable) as lab:
        return await climb(plan, Climber(lab, plan, tell).attempt)
