"""`python -m bench`: our bridge beside three others, in one run, on one core."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from bench import machine, summary, tables
from bench import results as results_file
from bench.children import ChildError
from bench.cores import Cores
from bench.measure import Lab, Run
from bench.plan import FULL, QUICK, Plan
from bench.variants import VARIANTS, Variant

RESULTS: Final = results_file.FOLDER / "relays.json"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_OVERHEAD_SECONDS: Final = 5.0
"""Of one run, besides its window: start, first sessions, settling, end."""


@dataclass
class Results:
    """What a whole run of the benchmark gave."""

    runs: list[Run] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


async def measure(
    console: Console, cores: Cores, variants: Sequence[Variant], plan: Plan
) -> Results:
    """Run every variant with every number of sessions, round by round."""
    results = Results()
    async with Lab.open(cores, sys.executable) as lab:
        for number in range(1, plan.rounds + 1):
            for count in plan.sessions:
                for place in range(len(variants)):
                    # Another order in each round, so that no variant always follows the same one.
                    variant = variants[(place + number - 1) % len(variants)]
                    what = f"round {number}, {count} sessions, {variant.name}"
                    try:
                        run = await lab.run(variant, count, plan, number=number)
                    except ChildError as error:
                        results.failures.append(f"{what}: {error}")
                        console.print(f"{what}: failed", style="red")
                        continue
                    results.runs.append(run)
                    results.failures += [
                        f"{what}: {times} × {fault}" for fault, times in run.faults.items()
                    ]
                    console.print(f"{what}: {_short(run)}", style="dim", highlight=False)
    order = list(VARIANTS)
    results.runs.sort(key=lambda run: (run.sessions, order.index(run.variant), run.round))
    return results


def _short(run: Run) -> str:
    cpu = "" if run.cpu_us_per_frame is None else f"{run.cpu_us_per_frame:.0f} µs/frame, "
    return f"{cpu}p50 {run.p50_ms:.2f} ms, p99 {run.p99_ms:.2f} ms"


def _names(text: str) -> list[Variant]:
    try:
        return [VARIANTS[name] for name in text.split(",")]
    except KeyError as error:
        message = f"{error.args[0]!r} is none of {', '.join(VARIANTS)}"
        raise typer.BadParameter(message) from None


def _counts(text: str) -> tuple[int, ...]:
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = []
    if not counts or counts[0] < 1:
        raise typer.BadParameter("numbers from 1, such as 1,50,150")
    return tuple(counts)


@app.command()
def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="50 and 150 sessions, one round, short windows.")
    ] = False,
    sessions: Annotated[
        str | None, typer.Option(help="Numbers of sessions, such as 1,50,150.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=20, help="Rounds to take medians of.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=120, help="Length of a window.")
    ] = None,
    opens: Annotated[
        float | None, typer.Option(min=1, max=1000, help="Sessions opened a second before it.")
    ] = None,
    variants: Annotated[str, typer.Option(help="What to measure.")] = ",".join(VARIANTS),
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = RESULTS,
) -> None:
    """Measure our bridge beside the provider alone, a first sketch and a Node relay."""
    chosen = _names(variants)
    base = QUICK if quick else FULL
    plan = Plan(
        sessions=_counts(sessions) if sessions is not None else base.sessions,
        rounds=rounds or base.rounds,
        seconds=seconds or base.seconds,
        opens_per_second=opens or base.opens_per_second,
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    cores = Cores.of_this_machine()
    notes = machine.notes(cores)
    opening = sum(count / plan.opens_per_second for count in plan.sessions)
    windows = len(plan.sessions) * (plan.seconds + _OVERHEAD_SECONDS)
    minutes = plan.rounds * len(chosen) * (opening + windows) / 60
    console.print(f"{cores}; about {minutes:.0f} minutes", highlight=False)
    for variant in chosen:
        console.print(f"  {variant.name}: {variant.what}", style="dim", highlight=False)

    # A run that is interrupted leaves no relay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    results = asyncio.run(measure(console, cores, chosen, plan))
    took = time.monotonic() - began

    rows = summary.rows(results.runs)
    first = summary.first_sessions(results.runs)
    targets = summary.targets(rows)
    tables.show(console, rows, first, targets, results.failures)
    console.print(f"{took / 60:.1f} minutes")
    whole = {
        "machine": notes,
        "plan": asdict(plan),
        "variants": {variant.name: variant.what for variant in chosen},
        "took_seconds": round(took),
        "targets": [{**asdict(target), "kept": target.kept} for target in targets],
        "rows": [asdict(row) for row in rows],
        "first_sessions": [asdict(row) for row in first],
        "failures": results.failures,
        "runs": [asdict(run) for run in results.runs],
    }
    results_file.write(output, whole)
    console.print(f"All figures: {output}")
    if results.failures or not all(target.kept for target in targets):
        sys.exit(1)


if __name__ == "__main__":
    app()
