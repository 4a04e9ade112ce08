"""What a run came to, for a person at a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from chaos.invariants import Law
from chaos.observations import Line, Recording, Sent
from chaos.plan import Event
from chaos.run import Outcome
from utter_transcribe.errors import Failure

_SHOWN: Final = 5
"""Places where a law is broken; there may be many more."""


def show_plan(console: Console, storms: Sequence[Sequence[Event]]) -> None:
    """Print what will go wrong."""
    for number, storm in enumerate(storms, 1):
        faults = ", ".join(f"{event.at:.0f} s {event.fault}" for event in storm)
        console.print(f"round {number}: {faults}", style="dim", highlight=False)


def show(console: Console, seed: int, outcome: Outcome) -> None:
    """Print the counts, and the laws that hold or do not."""
    seen = outcome.evidence
    table = Table(title=f"Seed {seed}, {outcome.seconds:.0f} s", title_justify="left")
    table.add_column("what")
    table.add_column("times", justify="right")
    table.add_column("how", overflow="fold")
    for what, counts in (
        ("faults", seen.faults),
        ("recordings", Counter(map(_recording, seen.recordings))),
        ("files", Counter(map(_file, seen.files))),
        ("strangers", Counter(map(_line, seen.lines))),
        ("ledger", outcome.ledger),
    ):
        shown = (f"{times} {name}" for name, times in counts.most_common())
        table.add_row(what, str(counts.total()), ", ".join(shown))
    results = [one.result for one in seen.recordings if one.result is not None]
    table.add_row("resumed", str(sum(one.reconnects for one in results)), "sessions")
    told = sum(recording.reconnecting for recording in seen.recordings)
    table.add_row("reconnecting", str(told), "times told to a person")
    table.add_row("memory", "MiB", _memory(outcome))
    console.print(table)
    for law in Law:
        places = [one.where for one in outcome.broken if one.law is law]
        mark, style = ("✗", "red") if places else ("✓", "green")
        console.print(f"{mark} {law}", style=style, highlight=False)
        more = [f"and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else []
        for place in places[:_SHOWN] + more:
            console.print(f"    {place}", style=style, highlight=False, markup=False)


def _recording(recording: Recording) -> str:
    result = recording.result
    if result is None:
        return "without an end"
    return "complete" if result.status == "complete" else f"partial ({_why(result.failure)})"


def _file(sent: Sent) -> str:
    return f"{sent.what} {'answered' if sent.failure is None else _why(sent.failure)}"


def _line(line: Line) -> str:
    if line.left:
        return line.manner
    end = line.code or ("final" if "final" in line.types else None)
    return f"{line.manner} ({end or line.refused or line.close_code or 'cut'})"


def _why(failure: Failure | None) -> str:
    if failure is None:
        return "unexplained"
    return failure.code or "unreached"


def _memory(outcome: Outcome) -> str:
    """Return the memory of each replica after each round."""
    names = [rest.name for rest in outcome.rounds[0]]
    sizes = {
        name: [rest.memory for one in outcome.rounds for rest in one if rest.name == name]
        for name in names
    }
    return ", ".join(
        f"{name} {' '.join(f'{size / 2**20:.1f}' for size in found)}"
        for name, found in sizes.items()
    )
