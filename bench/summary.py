"""Medians over the rounds, and what they are beside each other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.measure import Run
from bench.variants import BRIDGE, DIRECT, NODE, SKETCH

SATURATED: Final = 0.95
"""Share of a core from which a process counts as used up: what it then shows is its own limit."""


@dataclass(frozen=True, slots=True)
class Row:
    """One variant with so many sessions: medians over the rounds; sums of what must not happen.

    Attributes:
        rounds: That gave a figure.
        added_p50_ms: Over direct; None where direct was not measured.
        added_p99_ms: Over direct.
        times_p50: As a multiple of direct.
        times_p99: As a multiple of direct.
        limited_by: Processes that were used up, so that the figures show them.

    The others are as in `Run`.
    """

    variant: str
    sessions: int
    rounds: int
    cpu_us_per_frame: float | None
    cpu_ms_per_open: float | None
    relay_cpu: float | None
    load_cpu: float
    provider_cpu: float
    others_cpu: float
    ready_p50_ms: float
    ready_p99_ms: float
    p50_ms: float
    p99_ms: float
    added_p50_ms: float | None
    added_p99_ms: float | None
    times_p50: float | None
    times_p99: float | None
    late_ms: float
    uss_kb_per_session: float | None
    lost_frames: float
    missing_deltas: int
    missing_finals: int
    unsettled: int
    limited_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstSession:
    """The first session of a fresh process beside its tenth: medians over all its starts."""

    variant: str
    starts: int
    first_ready_ms: float
    tenth_ready_ms: float
    first_delta_ms: float
    tenth_delta_ms: float


@dataclass(frozen=True, slots=True)
class Target:
    """A law that the bridge has to keep, and what was measured."""

    law: str
    measured: float
    limit: float

    @property
    def kept(self) -> bool:
        """Whether it was kept."""
        return self.measured <= self.limit


def rows(runs: Sequence[Run]) -> list[Row]:
    """Return a row for each variant and number of sessions, in the order of the runs."""
    places = dict.fromkeys((run.sessions, run.variant) for run in runs)
    found: dict[tuple[int, str], list[Run]] = {place: [] for place in places}
    for run in runs:
        found[run.sessions, run.variant].append(run)
    return [_row(each, found.get((sessions, DIRECT.name))) for (sessions, _), each in found.items()]


def _row(runs: Sequence[Run], direct: Sequence[Run] | None) -> Row:
    def of(pick: Callable[[Run], float], some: Sequence[Run] = runs) -> float:
        return median(map(pick, some))

    def maybe(pick: Callable[[Run], float | None]) -> float | None:
        return _median(pick(run) for run in runs)

    p50, p99 = of(lambda run: run.p50_ms), of(lambda run: run.p99_ms)
    relay_cpu = maybe(lambda run: run.relay_cpu)
    load_cpu, provider_cpu = of(lambda run: run.load_cpu), of(lambda run: run.provider_cpu)
    beside = None
    if direct and runs[0].variant != DIRECT.name:
        beside = of(lambda run: run.p50_ms, direct), of(lambda run: run.p99_ms, direct)
    limits = {"relay": relay_cpu or 0.0, "load generator and fake": load_cpu + provider_cpu}
    return Row(
        variant=runs[0].variant,
        sessions=runs[0].sessions,
        rounds=len(runs),
        cpu_us_per_frame=maybe(lambda run: run.cpu_us_per_frame),
        cpu_ms_per_open=maybe(lambda run: run.cpu_ms_per_open),
        relay_cpu=relay_cpu,
        load_cpu=load_cpu,
        provider_cpu=provider_cpu,
        others_cpu=of(lambda run: run.others_cpu),
        ready_p50_ms=of(lambda run: run.ready_ms[0]),
        ready_p99_ms=of(lambda run: run.ready_ms[1]),
        p50_ms=p50,
        p99_ms=p99,
        added_p50_ms=p50 - beside[0] if beside else None,
        added_p99_ms=p99 - beside[1] if beside else None,
        times_p50=p50 / beside[0] if beside else None,
        times_p99=p99 / beside[1] if beside else None,
        late_ms=of(lambda run: run.late_ms),
        uss_kb_per_session=maybe(lambda run: run.uss_kb_per_session),
        lost_frames=sum(run.lost_frames for run in runs),
        missing_deltas=sum(run.missing_deltas for run in runs),
        missing_finals=sum(run.missing_finals for run in runs),
        unsettled=sum(run.unsettled for run in runs),
        limited_by=tuple(name for name, share in limits.items() if share >= SATURATED),
    )


def first_sessions(runs: Sequence[Run]) -> list[FirstSession]:
    """Return how much warming up each variant leaves to its first session."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        if run.variant != DIRECT.name:
            found.setdefault(run.variant, []).append(run)
    return [
        FirstSession(
            variant=name,
            starts=len(each),
            first_ready_ms=median(run.boot[0].ready_ms for run in each),
            tenth_ready_ms=median(run.boot[-1].ready_ms for run in each),
            first_delta_ms=median(run.boot[0].first_delta_ms for run in each),
            tenth_delta_ms=median(run.boot[-1].first_delta_ms for run in each),
        )
        for name, each in found.items()
    ]


def targets(table: Sequence[Row], *, sessions: int = 150) -> list[Target]:
    """Return what the bridge has to keep, as far as it was measured."""
    found: list[Target] = []
    at = {row.variant: row for row in table if row.sessions == sessions}
    ours, node = at.get(BRIDGE.name), at.get(NODE.name)
    for other, limit in ((SKETCH, 0.65), (NODE, 0.9)):
        theirs = at[other.name].cpu_us_per_frame if other.name in at else None
        if ours is not None and ours.cpu_us_per_frame is not None and theirs:
            law = f"CPU per frame beside {other.name}, {sessions} sessions"
            found.append(Target(law, ours.cpu_us_per_frame / theirs, limit))
    if ours is not None and ours.cpu_ms_per_open is not None:
        found.append(Target(f"CPU per open, ms, {sessions} sessions", ours.cpu_ms_per_open, 1.5))
    if ours is not None and node is not None:
        law = f"p99 beside {NODE.name}, {sessions} sessions"
        found.append(Target(law, ours.p99_ms / node.p99_ms, 1.0))
    bridge = [row for row in table if row.variant == BRIDGE.name]
    if bridge:
        found += [
            Target("lost frames", sum(abs(row.lost_frames) for row in bridge), 0),
            Target("missing deltas", sum(row.missing_deltas for row in bridge), 0),
            Target("missing finals", sum(row.missing_finals for row in bridge), 0),
            Target("grants that were not settled", sum(row.unsettled for row in bridge), 0),
        ]
    return found


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
