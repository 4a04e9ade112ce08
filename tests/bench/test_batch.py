"""The bench of large uploads still measures."""

import json

from bench import batch


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
    """What is written down was measured at full size, and is below its limits."""
    told = json.loads(batch.RESULTS.read_text(encoding="utf-8"))
    memory, detour = told["memory"], told["detour"]
    assert (memory["uploads"], round(memory["file_mb"]), round(detour["file_mb"])) == (20, 50, 25)
    assert memory["grown_mb"] < memory["limit_mb"] == batch.MEMORY_LIMIT_MB
    assert detour["ratio"] <= detour["limit_ratio"] == batch.TIME_LIMIT
