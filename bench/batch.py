"""`python -m bench.batch`: what large uploads cost the functions, in memory and in time."""

import asyncio
import statistics
import struct
import sys
import tempfile
import wave
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from bench import machine, results
from bench.cores import Cores
from bench.uploads import Detour, Lab, Memory, Rate

RESULTS: Final = results.FOLDER / "batch.json"
MEMORY_LIMIT_MB: Final = 120.0
TIME_LIMIT: Final = 1.3
THINK_SECONDS: Final = 2.0
CALLERS: Final = 8
SMALL_MB: Final = 1.0
_SECONDS: Final = 260
"""Of every file: its size is a matter of its rate."""


def write_wav(path: Path, megabytes: float) -> Path:
    """Write a WAV of about so many 1024² bytes and `_SECONDS`: mono, 16 bit, at whatever rate."""
    rate = (int(megabytes * 1024**2) - 44) // (2 * _SECONDS)
    second = b"".join(struct.pack("<h", (n * 37) % 4000 - 2000) for n in range(rate))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, _SECONDS * rate, "NONE", ""))
        for _ in range(_SECONDS):
            file.writeframesraw(second)
    return path


async def measure(
    *,
    uploads: int,
    file_mb: float,
    detour_mb: float,
    rounds: int,
    think_seconds: float,
    requests: int,
) -> tuple[Memory, Detour, Rate]:
    """Measure memory and detour with the same processes, and the rate with others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = write_wav(folder / "large.wav", file_mb)
        medium = write_wav(folder / "medium.wav", detour_mb)
        small = write_wav(folder / "small.wav", SMALL_MB)
        async with Lab.open(folder, think_seconds=think_seconds) as lab:
            memory, detour = await lab.memory(uploads, large), await lab.detour(medium, rounds)
        async with Lab.open(folder, think_seconds=0) as lab:
            return memory, detour, await lab.rate(small, requests, CALLERS)


def figures(memory: Memory, detour: Detour, rate: Rate) -> dict[str, Any]:
    """Return all that was measured, beside its limits, as JSON holds it."""
    return {
        "memory": asdict(memory) | {"limit_mb": MEMORY_LIMIT_MB},
        "detour": asdict(detour) | {"ratio": detour.ratio, "limit_ratio": TIME_LIMIT},
        "rate": asdict(rate) | {"per_second": rate.per_second},
    }


def main(
    *,
    uploads: Annotated[int, typer.Option(min=1, max=100, help="At once.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="To take medians of.")] = 5,
    requests: Annotated[int, typer.Option(min=1, max=5000, help="Small files to send.")] = 200,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = RESULTS,
) -> None:
    """Send 50 MB files at once and watch the memory; time a 25 MB file; count small ones."""
    notes = machine.notes(Cores.of_this_machine())
    memory, detour, rate = asyncio.run(
        measure(
            uploads=uploads,
            file_mb=50.0,
            detour_mb=25.0,
            rounds=rounds,
            think_seconds=THINK_SECONDS,
            requests=requests,
        )
    )
    table = Table(title="Batch")
    for column in ("what", "measured", "limit"):
        table.add_column(column)
    table.add_row(
        f"memory grown under {memory.uploads} uploads of {memory.file_mb:.0f} MiB at once",
        f"{memory.grown_mb:.1f} MiB (from {memory.idle_mb:.0f}), {memory.seconds:.1f} s",
        f"{MEMORY_LIMIT_MB:.0f} MiB",
    )
    table.add_row(
        f"time of a {detour.file_mb:.0f} MiB file, provider thinks {THINK_SECONDS:g} s",
        f"{statistics.median(detour.through):.2f} s, direct "
        f"{statistics.median(detour.direct):.2f} s: {detour.ratio:.3f}",
        f"{TIME_LIMIT}",
    )
    table.add_row(
        f"requests a second, {rate.file_kb:.0f} KiB each, {rate.at_once} callers",
        f"{rate.per_second:.1f} ({rate.cpu_ms:.1f} ms of processor time each)",
        "–",
    )
    Console().print(table)
    results.write(out, {"machine": notes} | figures(memory, detour, rate))
    if memory.grown_mb > MEMORY_LIMIT_MB or detour.ratio > TIME_LIMIT:
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
