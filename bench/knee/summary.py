"""What a number of sessions cost, whether it was held, and what the knee says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.knee.plan import Knee
from bench.measure import Run
from bench.summary import Target

ADDED_P99_MS: Final = 50.0
"""Above this, words arrive late."""
KB_PER_SESSION: Final = 60.0
GROWTH: Final = 1.15
"""Of the cost of a frame, between these two numbers of sessions."""
_GROWS: Final = (50, 200)


@dataclass(frozen=True, slots=True)
class Point:
    """One number of sessions by the bridges, and the same without any.

    Attributes:
        seconds: Length of the bridges' window.
        bridges: What it gave.
        direct: The same sessions at the provider itself, shortly afterwards.
    """

    seconds: float
    bridges: Run
    direct: Run

    @property
    def sessions(self) -> int:
        """How many at once."""
        return self.bridges.sessions

    @property
    def added_ms(self) -> tuple[float, float, float]:
        """What the bridges add: p50, p99 and p99.9 over those of direct."""
        ours, theirs = self.bridges, self.direct
        return (
            ours.p50_ms - theirs.p50_ms,
            ours.p99_ms - theirs.p99_ms,
            ours.p999_ms - theirs.p999_ms,
        )

    @property
    def faults(self) -> list[str]:
        """Why it was not held; empty: it was."""
        run = self.bridges
        found = [f"{times} × {fault}" for fault, times in run.faults.items()]
        if run.lost_frames:
            found.append(f"{run.lost_frames:g} frames lost")
        if run.missing_deltas:
            found.append(f"{run.missing_deltas} deltas missing")
        if run.missing_finals:
            found.append(f"{run.missing_finals} finals missing")
        if run.unsettled:
            found.append(f"{run.unsettled} grants not settled")
        if self.direct.p99_ms >= ADDED_P99_MS:
            found.append(f"too busy to tell: direct's own p99 is {self.direct.p99_ms:.0f} ms")
        if self.added_ms[1] >= ADDED_P99_MS:
            found.append(f"p99 {self.added_ms[1]:.0f} ms over direct")
        return found

    @property
    def held(self) -> bool:
        """Whether every frame, word and final came, and in time."""
        return not self.faults


def alone(run: Run) -> int:
    """Return how many sessions bridges would hold that have the whole machine to themselves.

    That is extrapolated: they were given what generator, fake and double used, and a frame costs
    what it did.
    """
    bridges = run.relay_cpu or 0.0
    beside = run.load_cpu + run.provider_cpu + run.ledger_cpu
    return int(run.sessions * (bridges + beside) / bridges) if bridges else 0


def curve(points: Sequence[Point]) -> list[Point]:
    """Return what was held, one point for each number of sessions: that of the longest window."""
    longest: dict[int, Point] = {}
    for point in points:
        known = longest.get(point.sessions)
        if point.held and (known is None or point.seconds > known.seconds):
            longest[point.sessions] = point
    return [longest[count] for count in sorted(longest)]


def at_knee(points: Sequence[Point], knee: Knee) -> Point | None:
    """Return the window that decided."""
    found = [point for point in curve(points) if point.sessions == knee.sessions]
    return found[0] if found else None


def targets(points: Sequence[Point], knee: Knee) -> list[Target]:
    """Return the laws of the knee, as far as they were measured."""
    cost = {point.sessions: point.bridges.cpu_us_per_frame for point in curve(points)}
    few, many = (cost.get(count) for count in _GROWS)
    found = []
    if few and many:
        law = f"CPU per frame, {_GROWS[1]} sessions beside {_GROWS[0]}"
        found.append(Target(law, many / few, GROWTH))
    point = at_knee(points, knee)
    if point is not None and point.bridges.uss_kb_per_session is not None:
        law = f"KB per session, {point.sessions} sessions"
        found.append(Target(law, point.bridges.uss_kb_per_session, KB_PER_SESSION))
    return found
