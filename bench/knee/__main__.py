"""`python -m bench.knee`: how many sessions two bridges hold, and what grows on the way there."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from bench import machine, results
from bench.cores import Cores
from bench.knee import measure, ramp, summary, tables
from bench.knee.plan import FULL, QUICK, Knee, Plan, Trial
from bench.knee.ramp import Ramp
from bench.knee.summary import Point

RAMP_SECONDS: Final = 3.0
"""Of opening as fast as in a rush, with the ledger in Postgres."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="50 and 200 sessions, short windows, one minute.")
    ] = False,
    output: Annotated[
        Path, typer.Option(help="The folder that gets knee.json and knee.svg.")
    ] = results.FOLDER,
) -> None:
    """Find how many sessions two bridges hold for a minute; 1 when a law is not kept."""
    plan = QUICK if quick else FULL
    console = Console(width=None if sys.stdout.isatty() else 160)
    notes = machine.notes(Cores.shared())
    console.print(notes["pinned"], highlight=False)

    def tell(trial: Trial, what: Point | str) -> None:
        said = tables.line(what) if isinstance(what, Point) else f"{trial.sessions}: {what}"
        console.print(said, style="dim", highlight=False, markup=False)

    # A run that is interrupted leaves no bridge behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    knee, points = asyncio.run(measure.measure(plan, tell))
    opened = asyncio.run(
        ramp.measure(
            bridges=plan.bridges,
            sessions=round(RAMP_SECONDS * plan.rush),
            opens_per_second=plan.rush,
        )
    )
    took = time.monotonic() - began
    targets = summary.targets(points, knee)
    tables.show(console, knee, points, targets, plan.bridges)
    console.print(tables.of_ramp(opened), highlight=False)
    console.print(f"{took / 60:.1f} minutes")
    _write(output, notes=notes, plan=plan, knee=knee, points=points, opened=opened, took=took)
    console.print(f"All figures: {output / 'knee.json'}, {output / 'knee.svg'}")
    if not knee.sessions or opened.missing or not all(target.kept for target in targets):
        sys.exit(1)


def _write(
    folder: Path,
    *,
    notes: dict[str, Any],
    plan: Plan,
    knee: Knee,
    points: Sequence[Point],
    opened: Ramp,
    took: float,
) -> None:
    """Write every figure, and the picture if there is anything to draw."""
    decided = summary.at_knee(points, knee)
    whole = {
        "machine": notes,
        "plan": asdict(plan),
        "took_seconds": round(took),
        "knee": asdict(knee),
        "alone": summary.alone(decided.bridges) if decided is not None else None,
        "targets": [
            {**asdict(target), "kept": target.kept} for target in summary.targets(points, knee)
        ],
        "ramp": asdict(opened),
        "points": [
            {
                "held": point.held,
                "faults": point.faults,
                "added_ms": point.added_ms,
                **asdict(point),
            }
            for point in points
        ],
    }
    results.write(folder / "knee.json", whole)
    if summary.curve(points):
        from bench.knee import picture  # noqa: PLC0415 - loads matplotlib

        picture.draw(folder / "knee.svg", points, knee, plan.bridges)


if __name__ == "__main__":
    app()
