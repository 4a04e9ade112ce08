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


def _add(table: Table, rows: Sequence[Row], cells: Callable[[Row], Sequence[str]]) -> None:
    """Add a line for each row, in sections by the number of sessions."""
    for sessions, group in groupby(rows, key=lambda row: row.sessions):
        for row in group:
            table.add_row(str(sessions), row.variant, *cells(row))
        table.add_section()


def _costs(rows: Sequence[Row]) -> Table:
    table = _table(
        "Cost (medians over the rounds, sums of what must not happen)",
        ("sessions", "variant"),
        (
            "µs/frame",
            "ms/open",
            "CPU",
            "KB/session",
            "lost",
            "no delta",
            "no final",
            "late ms",
            "load",
            "fake",
            "others",
        ),
    )
    _add(
        table,
        rows,
        lambda row: (
            figure(row.cpu_us_per_frame, 0),
            figure(row.cpu_ms_per_open),
            figure(row.relay_cpu),
            figure(row.uss_kb_per_session, 0),
            f"{row.lost_frames:g}",
            str(row.missing_deltas),
            str(row.missing_finals),
            figure(row.late_ms, 1),
            figure(row.load_cpu),
            figure(row.provider_cpu),
            figure(row.others_cpu),
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
    table = _table(
        "Latency (ms, medians over the rounds)",
        ("sessions", "variant"),
        ("p50", "added", "×", "p99", "added", "×", "ready p50", "p99"),
    )
    _add(
        table,
        rows,
        lambda row: (
            figure(row.p50_ms),
            figure(row.added_p50_ms),
            figure(row.times_p50, 1),
            figure(row.p99_ms),
            figure(row.added_p99_ms),
            figure(row.times_p99, 1),
            figure(row.ready_p50_ms, 1),
            figure(row.ready_p99_ms, 1),
        ),
    )
    return table


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
