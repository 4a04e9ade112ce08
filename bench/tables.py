"""The results on a screen."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.summary import FirstSession, Row, Target

NOISY_CORES: Final = 0.1
"""Use of the machine by others from which on figures move by more than they mean."""


def show(
    console: Console,
    rows: Sequence[Row],
    first: Sequence[FirstSession],
    targets: Sequence[Target],
    failures: Sequence[str],
) -> None:
    """Print all tables."""
    console.print(_costs(rows))
    console.print(
        "KB/session: private memory that the relay grew by. late: how late frames were written, "
        "99th percentile.\nload, fake, others: cores that the generator, the fake provider and "
        "processes that are none of ours used.",
        style="dim",
        highlight=False,
    )
    crowd = max((row.others_cpu for row in rows), default=0.0)
    if crowd > NOISY_CORES:
        message = f"Other processes used up to {crowd:.2f} cores meanwhile: the figures are noisy."
        console.print(message, style="yellow", highlight=False)
    console.print(_latencies(rows))
    console.print(
        "From the write of a frame to the arrival of the delta that it pays for; added and × are "
        "over direct.\nready: from the connect, while sessions are opened one after the other.",
        style="dim",
        highlight=False,
    )
    console.print(_first(first))
    show_targets(console, targets)
    for failure in failures:
        console.print(f"FAILED {failure}", style="bold red", markup=False)


def show_targets(console: Console, targets: Sequence[Target]) -> None:
    """Print what has to be kept, and whether it was."""
    for target in targets:
        style = "green" if target.kept else "bold red"
        verdict = "kept" if target.kept else "MISSED"
        console.print(f"{target.law}: {target.measured:.2f} (at most {target.limit:g}) ", end="")
        console.print(verdict, style=style)


def _table(title: str, texts: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in texts:
        table.add_column(name, no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right")
    return table


def _by_sessions(
    title: str, rows: Sequence[Row], columns: Sequence[tuple[str, Callable[[Row], str]]]
) -> Table:
    """Return a table with a line for each row, in sections by the number of sessions."""
    table = _table(title, ("sessions", "variant"), [name for name, _ in columns])
    for sessions, group in groupby(rows, key=lambda row: row.sessions):
        for row in group:
            table.add_row(str(sessions), row.variant, *(cell(row) for _, cell in columns))
        table.add_section()
    return table


def _costs(rows: Sequence[Row]) -> Table:
    table = _by_sessions(
        "Cost (medians over the rounds, sums of what must not happen)",
        rows,
        (
            ("µs/frame", lambda row: figure(row.cpu_us_per_frame, 0)),
            ("ms/open", lambda row: figure(row.cpu_ms_per_open)),
            ("CPU", lambda row: figure(row.relay_cpu)),
            ("KB/session", lambda row: figure(row.uss_kb_per_session, 0)),
            ("lost", lambda row: f"{row.lost_frames:g}"),
            ("no delta", lambda row: str(row.missing_deltas)),
            ("no final", lambda row: str(row.missing_finals)),
            ("late ms", lambda row: figure(row.late_ms, 1)),
            ("load", lambda row: figure(row.load_cpu)),
            ("fake", lambda row: figure(row.provider_cpu)),
            ("others", lambda row: figure(row.others_cpu)),
        ),
    )
    limited = [row for row in rows if row.limited_by]
    if limited:
        table.caption = "; ".join(
            f"{row.variant} at {row.sessions}: limited by {', '.join(row.limited_by)}"
            for row in limited
        )
    return table


def _latencies(rows: Sequence[Row]) -> Table:
    return _by_sessions(
        "Latency (ms, medians over the rounds)",
        rows,
        (
            ("p50", lambda row: figure(row.p50_ms)),
            ("added", lambda row: figure(row.added_p50_ms)),
            ("×", lambda row: figure(row.times_p50, 1)),
            ("p99", lambda row: figure(row.p99_ms)),
            ("added", lambda row: figure(row.added_p99_ms)),
            ("×", lambda row: figure(row.times_p99, 1)),
            ("ready p50", lambda row: figure(row.ready_p50_ms, 1)),
            ("p99", lambda row: figure(row.ready_p99_ms, 1)),
        ),
    )


def _first(first: Sequence[FirstSession]) -> Table:
    table = _table(
        "First session after the start beside the tenth, alone (ms, medians)",
        ("variant",),
        ("starts", "ready 1st", "10th", "×", "delta 1st", "10th", "×"),
    )
    for row in first:
        table.add_row(
            row.variant,
            str(row.starts),
            figure(row.first_ready_ms),
            figure(row.tenth_ready_ms),
            figure(row.first_ready_ms / row.tenth_ready_ms, 1),
            figure(row.first_delta_ms),
            figure(row.tenth_delta_ms),
            figure(row.first_delta_ms / row.tenth_delta_ms, 1),
        )
    return table


def figure(value: float | None, digits: int = 2) -> str:
    """Return a figure to so many digits, or that there is none."""
    return "–" if value is None else f"{value:.{digits}f}"
