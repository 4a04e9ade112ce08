"""The bench of large uploads still measures."""

from bench import batch


async def test_uploads_are_spooled_and_not_held() -> None:
    """Many uploads at once take far less memory than their bytes, and the detour is short."""
    memory, detour = await batch.measure(
        uploads=6, file_mb=10.0, detour_mb=2.0, rounds=1, think_seconds=0.5
    )
    assert (memory.uploads, round(memory.file_mb)) == (6, 10)
    assert memory.grown_mb < 30, memory
    assert len(detour.direct) == len(detour.through) == 1
    assert detour.ratio > 0.9
