"""The bench of large uploads still measures."""

from bench import batch


async def test_uploads_are_spooled_and_not_held() -> None:
    """Many uploads at once take far less memory than their bytes, and the detour is short."""
    memory, detour = await batch.measure(
        uploads=8, file_mb=16.0, detour_mb=2.0, rounds=1, think_seconds=0.5
    )
    assert (memory.uploads, round(memory.file_mb)) == (8, 16)
    assert memory.grown_mb < 48, memory
    assert len(detour.direct) == len(detour.through) == 1
    assert detour.ratio > 0.9
