"""`python -m chaos`: faults at random for a while, then the laws; 1 when one does not hold."""

import logging
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from chaos.breaks import Break
from chaos.fleet import FleetError
from chaos.plan import plan
from chaos.run import ROUNDS, Outcome, running
from chaos.table import show, show_plan

_SEEDS: Final = 1_000_000


def main(
    *,
    seed: Annotated[
        int | None, typer.Option(help="Of the dice. The same seed plays the same faults.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=30, max=3600, help="Of all three rounds together.")
    ] = 180.0,
    broken: Annotated[
        Break | None, typer.Option("--break", help="Break a law on purpose: the run must fail.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="A new folder for all logs and data, which then stay.")
    ] = None,
) -> None:
    """Run three bridges, two functions, nginx and Supabase through a storm, and judge."""
    seed = secrets.randbelow(_SEEDS) if seed is None else seed
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"seed {seed}: python -m chaos --seed {seed} --seconds {seconds:g}")
    show_plan(console, storms := plan(seed, seconds, ROUNDS))
    folder = keep if keep is not None else Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=keep is None)

    async def play() -> Outcome:
        async with running(folder, seed, broken, _told(console)) as run:
            return await run.all(storms, seconds)

    try:
        outcome = uvloop.run(play())
    except FleetError as error:
        console.print(f"chaos: {error}", style="red", markup=False)
        sys.exit(2)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    show(console, seed, outcome)
    if outcome.broken:
        sys.exit(1)


def _told(console: Console) -> Callable[[str], None]:
    def tell(what: str) -> None:
        console.print(what, style="dim", highlight=False)

    return tell


if __name__ == "__main__":
    # The servers of this process report what is cut off in a storm as faults of their own.
    logging.disable(logging.CRITICAL)
    typer.run(main)
