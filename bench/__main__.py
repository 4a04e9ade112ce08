"""`python -m bench`: our bridge beside three others, in one run, on one core."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from bench import machine, summary, tables
from bench.children import ChildError
from bench.cores import Cores
from bench.measure import Lab, Run
from bench.variants import VARIANTS, Variant

RESULTS: Final = Path(__file__).with_name("results.json")
_OVERHEAD_SECONDS: Final = 5.0
"""Of one run, besides its window: start, first sessions, settling, end."""


@dataclass
class Results:
    """What a whole run of the benchmark gave."""

    runs: list[Run] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


async def measure(
    console: Console,
    cores: Cores,
    *,
    variants: Sequence[Variant],
    sessions: Sequence[int],
    rounds: int,
    seconds: float,
) -> Results:
    """Run every variant with every number of sessions, so many rounds, interleaved."""
    results = Results()
    async with Lab.open(cores, sys.executable) as lab:
        for number in range(1, rounds + 1):
            for count in sessions:
                for place in range(len(variants)):
                    # Another order in each round, so that nobody always follows the same one.
                    variant = variants[(place + number - 1) % len(variants)]
                    what = f"round {number}, {count} sessions, {variant.name}"
                    try:
                        run = await lab.run(variant, count, seconds, number)
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


def _counts(text: str) -> list[int]:
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = []
    if not counts or counts[0] < 1:
        raise typer.BadParameter("numbers from 1, such as 1,50,150")
    return counts


def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="50 and 150 sessions, one round, 3 seconds each.")
    ] = False,
    sessions: Annotated[
        str | None, typer.Option(help="Numbers of sessions. [default: 1,50,150,300]")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=20, help="Rounds to take medians of. [default: 3]")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=120, help="Length of a window. [default: 6]")
    ] = None,
    variants: Annotated[str, typer.Option(help="What to measure.")] = ",".join(VARIANTS),
    output: Annotated[Path, typer.Option(help="Where the results go, as JSON.")] = RESULTS,
) -> None:
    """Measure our bridge beside the provider alone, a first sketch and a Node relay."""
    chosen = _names(variants)
    counts = _counts(sessions or ("50,150" if quick else "1,50,150,300"))
    rounds = rounds or (1 if quick else 3)
    seconds = seconds or (3.0 if quick else 6.0)
    console = Console(width=None if sys.stdout.isatty() else 160)
    cores = Cores.of_this_machine()
    notes = machine.notes(cores)
    expected = rounds * len(chosen) * sum(seconds + _OVERHEAD_SECONDS + n / 70 for n in counts)
    console.print(f"{cores}; about {expected / 60:.0f} minutes")
    for variant in chosen:
        console.print(f"  {variant.name}: {variant.what}", style="dim", highlight=False)

    began = time.monotonic()
    results = asyncio.run(
        measure(console, cores, variants=chosen, sessions=counts, rounds=rounds, seconds=seconds)
    )
    took = time.monotonic() - began

    rows = summary.rows(results.runs)
    first = summary.first_sessions(results.runs)
    targets = summary.targets(rows)
    tables.show(console, rows, first, targets, results.failures)
    whole: dict[str, Any] = {
        "machine": notes,
        "plan": {"sessions": counts, "rounds": rounds, "window_seconds": seconds},
        "variants": {variant.name: variant.what for variant in chosen},
        "took_seconds": round(took),
        "targets": [{**asdict(target), "kept": target.kept} for target in targets],
        "rows": [asdict(row) for row in rows],
        "first_sessions": [asdict(row) for row in first],
        "failures": results.failures,
        "runs": [asdict(run) for run in results.runs],
    }
    output.write_text(json.dumps(_rounded(whole), indent=1, ensure_ascii=False) + "\n")
    console.print(f"{took / 60:.1f} minutes; all figures: {output.name}")
    if results.failures or not all(target.kept for target in targets):
        sys.exit(1)


def _rounded(value: Any) -> Any:
    """Return `value` with every float to three digits: the rest is noise."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value


if __name__ == "__main__":
    typer.run(main)
