"""The results on a screen."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bench.summary import FirstSession, Row, Target


def show(
    console: Console,
    rows: Sequence[Row],
    first: Sequence[FirstSession],
    targets: Sequence[Target],
    failures: Sequence[str],
) -> None:
    """Print all tables."""
    console.print(_main(rows))
    console.print(
        "p50 and p99: from the write of a frame to the arrival of the delta that it pays for; "
        "added and × are over direct. KB per session: private memory that the relay grew by.\n"
        "late: how late the generator wrote its frames (p99). load, fake: share of a core.",
        style="dim",
    )
    console.print(_first(first))
    for target in targets:
        style = "green" if target.kept else "bold red"
        verdict = "kept" if target.kept else "MISSED"
        console.print(f"{target.law}: {target.measured:.2f} (at most {target.limit:g}) ", end="")
        console.print(verdict, style=style)
    for failure in failures:
        console.print(f"FAILED {failure}", style="bold red", markup=False)


def _main(rows: Sequence[Row]) -> Table:
    table = Table(title="Medians over the rounds", title_justify="left")
    for name in ("sessions", "variant"):
        table.add_column(name)
    for name in (
        "CPU µs/frame",
        "CPU",
        "p50 ms",
        "added",
        "×",
        "p99 ms",
        "added",
        "×",
        "ready p50",
        "p99 ms",
        "KB/session",
        "lost",
        "no delta",
        "no final",
        "late ms",
        "load",
        "fake",
    ):
        table.add_column(name, justify="right")
    for sessions, group in groupby(rows, key=lambda row: row.sessions):
        for row in group:
            limited = f" (limited by {', '.join(row.limited_by)})" if row.limited_by else ""
            table.add_row(
                str(sessions),
                row.variant + limited,
                _figure(row.cpu_us_per_frame, 0),
                _share(row.relay_cpu),
                _figure(row.p50_ms),
                _figure(row.added_p50_ms),
                _figure(row.times_p50, 1),
                _figure(row.p99_ms),
                _figure(row.added_p99_ms),
                _figure(row.times_p99, 1),
                _figure(row.ready_p50_ms, 1),
                _figure(row.ready_p99_ms, 1),
                _figure(row.uss_kb_per_session, 0),
                f"{row.lost_frames:g}",
                str(row.missing_deltas),
                str(row.missing_finals),
                _figure(row.late_ms, 1),
                _share(row.load_cpu),
                _share(row.provider_cpu),
            )
        table.add_section()
    return table


def _first(first: Sequence[FirstSession]) -> Table:
    title = "First session after the start beside the tenth, alone (ms, medians)"
    table = Table(title=title, title_justify="left")
    table.add_column("variant")
    for name in ("starts", "ready 1st", "10th", "×", "delta 1st", "10th", "×"):
        table.add_column(name, justify="right")
    for row in first:
        table.add_row(
            row.variant,
            str(row.starts),
            _figure(row.first_ready_ms),
            _figure(row.tenth_ready_ms),
            _figure(row.first_ready_ms / row.tenth_ready_ms, 1),
            _figure(row.first_delta_ms),
            _figure(row.tenth_delta_ms),
            _figure(row.first_delta_ms / row.tenth_delta_ms, 1),
        )
    return table


def _figure(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
