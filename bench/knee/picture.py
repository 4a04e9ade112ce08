"""The picture of the knee: how everything grows with the number of sessions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.knee.plan import Knee
from bench.knee.summary import ADDED_P99_MS, KB_PER_SESSION, Point, curve

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: half as long as outlines of letters
    "font.sans-serif": ["DejaVu Sans", "sans-serif"],
    "svg.hashsalt": "knee",  # ids that do not change from one drawing to the next
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "legend.frameon": False,
}
_LINE: Final[dict[str, Any]] = {
    "marker": "o",
    "markersize": 4,
    "linewidth": 1.6,
    "color": "#2563eb",
}
_COLOURS: Final = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#9ca3af")
_ADDED: Final = ("p50", "p99", "p99.9")
_LEAST_MS: Final = 0.1
"""What is drawn for less, on an axis of powers of ten: direct may happen to be the slower."""


def draw(path: Path, points: Sequence[Point], knee: Knee, bridges: int) -> None:
    """Draw what was held, from the first number of sessions to the last.

    Args:
        path: Of an SVG; overwritten.
        points: At least one of which was held.
        knee: Marked.
        bridges: How many there were.
    """
    held = curve(points)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 8.4), layout="constrained")
        axes = figure.subplot_mosaic([["cost", "latency"], ["memory", "ready"], ["cores", "cores"]])
        _cost(axes["cost"], held)
        _latency(axes["latency"], held)
        _memory(axes["memory"], held)
        _ready(axes["ready"], held)
        _cores(axes["cores"], held)
        for each in axes.values():
            each.set_xlim(0, 1.03 * held[-1].sessions)
            if knee.sessions:
                each.axvline(knee.sessions, color="#dc2626", linewidth=1, linestyle="--")
        axes["cores"].set_xlabel("sessions at once")
        end = f"{knee.sessions} held for the whole time" if knee.sessions else "no knee"
        figure.suptitle(
            f"{bridges} bridges, and generator, provider and ledger beside them: {end}",
            fontsize=11,
        )
        figure.savefig(path, format="svg", metadata={"Date": None})
    # matplotlib ends lines in blanks.
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines))


def _cost(axes: Axes, held: Sequence[Point]) -> None:
    axes.set_title("CPU of the bridges for a frame of 100 ms, µs")
    axes.plot(_counts(held), [point.bridges.cpu_us_per_frame or 0.0 for point in held], **_LINE)
    axes.set_ylim(bottom=0)


def _latency(axes: Axes, held: Sequence[Point]) -> None:
    axes.set_title("Added from a frame to its word, ms")
    for place, name in enumerate(_ADDED):
        added = [max(_LEAST_MS, point.added_ms[place]) for point in held]
        axes.plot(_counts(held), added, label=name, **_LINE | {"color": _COLOURS[place]})
    axes.axhline(ADDED_P99_MS, color="#dc2626", linewidth=1, label=f"p99 at most {ADDED_P99_MS:g}")
    axes.set_yscale("log")
    axes.legend()


def _memory(axes: Axes, held: Sequence[Point]) -> None:
    axes.set_title("Private memory of the bridges for a session, KiB")
    axes.plot(_counts(held), [point.bridges.uss_kb_per_session or 0.0 for point in held], **_LINE)
    axes.axhline(KB_PER_SESSION, color="#dc2626", linewidth=1, label=f"at most {KB_PER_SESSION:g}")
    axes.set_ylim(0, 1.25 * KB_PER_SESSION)
    axes.legend(loc="upper left")


def _ready(axes: Axes, held: Sequence[Point]) -> None:
    axes.set_title("Time to ready of the last 100, which come in a second, ms")
    for place, name in enumerate(("p50", "p99")):
        ready = [point.bridges.ready_ms[place] for point in held]
        axes.plot(_counts(held), ready, label=name, **_LINE | {"color": _COLOURS[place]})
    axes.set_ylim(bottom=0)
    axes.legend()


def _cores(axes: Axes, held: Sequence[Point]) -> None:
    axes.set_title("Cores used")
    runs = [point.bridges for point in held]
    axes.stackplot(
        _counts(held),
        [run.relay_cpu or 0.0 for run in runs],
        [run.load_cpu for run in runs],
        [run.provider_cpu for run in runs],
        [run.ledger_cpu for run in runs],
        [run.others_cpu for run in runs],
        labels=("bridges", "generator", "fake provider", "ledger's double", "others"),
        colors=_COLOURS,
        alpha=0.75,
    )
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")


def _counts(held: Sequence[Point]) -> list[int]:
    return [point.sessions for point in held]
