"""The bench of large uploads still measures."""

import json
import re
from pathlib import Path

import pytest

from bench import batch

README = Path(batch.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.process
async def test_uploads_are_spooled_and_not_held() -> None:
    """Many uploads at once take far less memory than their bytes, and the detour is short."""
    memory, detour, rate = await batch.measure(
        uploads=6, file_mb=10.0, detour_mb=2.0, rounds=1, think_seconds=0.5, requests=12
    )
    assert (memory.uploads, round(memory.file_mb)) == (6, 10)
    assert memory.grown_mb < 30, memory
    assert len(detour.direct) == len(detour.through) == 1
    assert detour.ratio > 0.9
    told = json.loads(json.dumps(batch.figures(memory, detour, rate)))
    assert told["memory"]["grown_mb"] == memory.grown_mb
    assert (told["memory"]["limit_mb"], told["detour"]["limit_ratio"]) == (120, 1.3)
    assert told["rate"]["per_second"] == rate.per_second
    assert (rate.requests, round(rate.file_kb, -1)) == (12, 1020)
    assert rate.per_second == 12 / rate.seconds
    assert rate.cpu_ms > 0


def test_the_figures_that_are_told_keep_their_limits() -> None:
    """What the README tells was measured at full size, and is below its limits."""
    memory = re.search(
        r"^\| memory growth under (\d+) simultaneous uploads of (\d+) MiB.*"
        r"\| (\d+) MiB, .*\| (\d+) MiB \|$",
        README,
        re.MULTILINE,
    )
    detour = re.search(
        r"^\| time of a (\d+) MiB file.* = ([\d.]+) \| ([\d.]+) \|$", README, re.MULTILINE
    )
    assert memory is not None
    assert detour is not None
    uploads, megabytes, grown, limit = map(int, memory.groups())
    assert (uploads, megabytes, limit) == (20, 50, batch.MEMORY_LIMIT_MB)
    assert grown < limit
    assert (int(detour[1]), float(detour[3])) == (25, batch.TIME_LIMIT)
    assert float(detour[2]) <= batch.TIME_LIMIT
