"""The knee on a screen."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.knee.plan import Knee
from bench.knee.ramp import Ramp
from bench.knee.summary import Point, alone, at_knee
from bench.summary import Target
from bench.tables import NOISY_CORES, figure, show_targets


def line(point: Point) -> str:
    """Return a window in few words."""
    p50, p99, p999 = point.added_ms
    verdict = "held" if point.held else f"not held: {'; '.join(point.faults)}"
    return (
        f"{point.sessions} sessions for {point.seconds:g} s: "
        f"{figure(point.bridges.cpu_us_per_frame, 0)} µs/frame, "
        f"added {p50:.1f} / {p99:.1f} / {p999:.1f} ms, {verdict}"
    )


def show(
    console: Console, knee: Knee, points: Sequence[Point], targets: Sequence[Target], bridges: int
) -> None:
    """Print everything."""
    console.print(_growth(points, bridges))
    console.print(
        "added: over direct with as many sessions. ready: from the connect, of the last 100, which "
        "come within a second while all others speak; with the token's check and the ledger's "
        "call.\nCores: of all bridges, the generator, the fake "
        "provider, the ledger's double, and of processes that are none of ours.",
        style="dim",
        highlight=False,
    )
    crowd = max((point.bridges.others_cpu for point in points), default=0.0)
    if crowd > NOISY_CORES:
        message = (
            f"Other processes used up to {crowd:.2f} cores meanwhile: the knee is lower for it."
        )
        console.print(message, style="yellow", highlight=False)
    console.print(verdict(knee, points, bridges), highlight=False)
    show_targets(console, targets)


def verdict(knee: Knee, points: Sequence[Point], bridges: int) -> str:
    """Return the knee in a few sentences, with what the figures cannot say."""
    point = at_knee(points, knee)
    if point is None:
        return f"{bridges} bridges held none of these numbers for the whole time."
    run = point.bridges
    limit = (
        f"{knee.too_many} were too many"
        if knee.too_many is not None
        else "no more were tried, so it may be higher"
    )
    return (
        f"{bridges} bridges hold {knee.sessions} sessions for {point.seconds:g} s ({limit}). "
        f"Cores used: bridges {run.relay_cpu or 0.0:.2f}, generator {run.load_cpu:.2f}, "
        f"fake provider {run.provider_cpu:.2f}, ledger's double {run.ledger_cpu:.2f}, "
        f"others {run.others_cpu:.2f}. Extrapolated, not measured: bridges that had all of ours "
        f"to themselves would hold about {alone(run)}."
    )


def of_ramp(ramp: Ramp) -> str:
    """Return what the ledger in Postgres made of the ramp."""
    p50, p99, most = ramp.ready_ms
    faults = "; ".join(f"{times} × {fault}" for fault, times in ramp.faults.items())
    return (
        f"{ramp.sessions} opens, {ramp.opens_per_second:g} a second, with the ledger in Postgres: "
        f"ready after {p50:.0f} ms, p99 {p99:.0f}, at most {most:.0f}; {ramp.missing} missing"
        + (f" ({faults})" if faults else "")
    )


_COLUMNS: Final[Sequence[tuple[str, Callable[[Point], str]]]] = (
    ("sessions", lambda point: str(point.sessions)),
    ("s", lambda point: f"{point.seconds:g}"),
    ("held", lambda point: "yes" if point.held else "no"),
    ("µs/frame", lambda point: figure(point.bridges.cpu_us_per_frame, 0)),
    ("p99 ms", lambda point: figure(point.bridges.p99_ms, 1)),
    ("added p50", lambda point: figure(point.added_ms[0], 1)),
    ("p99", lambda point: figure(point.added_ms[1], 1)),
    ("p99.9", lambda point: figure(point.added_ms[2], 1)),
    ("KB/session", lambda point: figure(point.bridges.uss_kb_per_session, 0)),
    ("ready p50", lambda point: figure(point.bridges.ready_ms[0], 0)),
    ("p99 ms", lambda point: figure(point.bridges.ready_ms[1], 0)),
    ("bridges", lambda point: figure(point.bridges.relay_cpu)),
    ("load", lambda point: figure(point.bridges.load_cpu)),
    ("fake", lambda point: figure(point.bridges.provider_cpu)),
    ("ledger", lambda point: figure(point.bridges.ledger_cpu)),
    ("others", lambda point: figure(point.bridges.others_cpu)),
)


def _growth(points: Sequence[Point], bridges: int) -> Table:
    table = Table(title=f"The knee of {bridges} bridges", title_justify="left")
    for name, _ in _COLUMNS:
        table.add_column(name, justify="right")
    for point in sorted(points, key=lambda point: (point.sessions, point.seconds)):
        table.add_row(*(cell(point) for _, cell in _COLUMNS))
    return table
