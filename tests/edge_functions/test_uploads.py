"""Files of callers on disk."""

import asyncio
import errno
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_functions.uploads import PREFIX, Upload, Uploads
from transcription.errors import Capacity, PayloadTooLarge

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    """Two places of a megabyte."""
    return Uploads(tmp_path, max_open=2, max_bytes=1_000_000)


async def test_what_is_written_is_on_the_disk_until_the_block_ends(uploads: Uploads) -> None:
    """The file has the bytes, their number and their digest, and goes with its place."""
    content = bytes(range(256)) * 3000
    with uploads:
        with uploads.place() as upload:
            for start in range(0, len(content), 10_007):
                await upload.write(content[start : start + 10_007])
            await upload.finish()
            assert upload.path.read_bytes() == content
            assert upload.size == len(content)
            assert upload.sha256 == sha256(content).hexdigest()
            path = upload.path
        assert not path.exists()
        assert len(uploads) == 0
    assert not uploads.folder.exists()


async def test_an_empty_file_is_a_file(uploads: Uploads) -> None:
    """Nothing was written, and that can be read."""
    with uploads, uploads.place() as upload:
        await upload.finish()
        assert upload.path.read_bytes() == b""


async def test_a_file_ends_at_its_limit(uploads: Uploads) -> None:
    """One byte more is refused."""
    with uploads, uploads.place() as upload:
        await upload.write(bytes(1_000_000))
        with pytest.raises(PayloadTooLarge):
            await upload.write(b"x")


async def test_there_are_no_more_places_than_allowed(uploads: Uploads) -> None:
    """Who finds no place is asked to come again."""
    with uploads, uploads.place(), uploads.place():
        with pytest.raises(Capacity) as refused, uploads.place():
            pass
        assert refused.value.retry_after is not None
        assert len(uploads) == 2


async def test_places_are_shared_out(tmp_path: Path) -> None:
    """A user and a network have no more places than their share, and get them back."""
    limits = {"max_open": 9, "max_bytes": 1, "per_user": 2, "per_network": 3}
    ada, bob, eve = ("ada", "192.0.2.1"), ("bob", "192.0.2.1"), ("eve", "192.0.2.2")
    with Uploads(tmp_path, **limits) as uploads:
        for _ in range(2):
            with uploads.place(*ada), uploads.place(*ada), uploads.place(*bob):
                for refused in (ada, bob):
                    with pytest.raises(Capacity), uploads.place(*refused):
                        pass
                with uploads.place(*eve):
                    assert len(uploads) == 4
        assert len(uploads) == 0


async def test_the_slowest_gives_way_when_all_places_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that holds most places with bodies that trickle loses the slowest to another.

    One that arrived whole, one that just began, and those of networks with no more places stay.
    """
    monkeypatch.setattr("edge_functions.uploads.SPARED_SECONDS", 0.0)
    greedy, honest = "192.0.2.1", "192.0.2.2"
    with Uploads(tmp_path, max_open=3, max_bytes=1_000_000) as uploads:
        with uploads.place("a", greedy) as whole:
            await whole.write(bytes(10))
            await whole.finish()
            ends: list[str] = []

            async def trickle(name: str, size: int) -> None:
                try:
                    with uploads.place(name, greedy) as upload:
                        async with upload.arriving():
                            await upload.write(bytes(size))
                            await asyncio.Event().wait()
                except Capacity:
                    ends.append(name)

            async with asyncio.TaskGroup() as group:
                slow = group.create_task(trickle("slow", 10))
                fast = group.create_task(trickle("fast", 100_000))
                await asyncio.sleep(0.01)
                with pytest.raises(Capacity), uploads.place("another", greedy):
                    pass
                with uploads.place("ada", honest) as mine:
                    await asyncio.wait({slow})
                    assert ends == ["slow"]
                    assert len(uploads) == 3
                    await mine.write(b"x")
                    await mine.finish()
                    # Each network pushes out no more than makes it even with the other.
                    with (
                        uploads.place("bob", honest),
                        pytest.raises(Capacity),
                        uploads.place("eve", honest),
                    ):
                        pass
                fast.cancel()
        assert len(uploads) == 0


async def test_a_full_disk_is_a_lack_of_capacity(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room is told as such; any other failure is a bug."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with uploads, uploads.place() as upload:
        monkeypatch.setattr(Upload, "_write", full)
        with capture_logs() as logs, pytest.raises(Capacity):
            await upload.write(bytes(600_000))
    assert [line["event"] for line in logs] == ["upload_not_written"]


async def test_a_cancelled_write_waits_for_its_thread(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is never closed while a thread writes to it."""
    told: list[str] = []
    write, close = Upload._write, Upload.close

    def slow(self: Upload, piece: bytes) -> None:
        asyncio.run(asyncio.sleep(0.1))
        write(self, piece)
        told.append("written")

    def closed(self: Upload) -> None:
        told.append("closed")
        close(self)

    monkeypatch.setattr(Upload, "_write", slow)
    monkeypatch.setattr(Upload, "close", closed)

    async def work() -> None:
        with uploads.place() as upload:
            await upload.write(bytes(600_000))

    with uploads:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert told == ["written", "closed"]


async def test_folders_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    """A new process removes what a killed one left, and nothing of one that lives."""
    dead = tmp_path / f"{PREFIX}dead"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "1").write_bytes(b"left")
    other = tmp_path / f"{PREFIX}no-lock"
    other.mkdir()
    with (
        Uploads(tmp_path, max_open=1, max_bytes=1) as living,
        Uploads(tmp_path, max_open=1, max_bytes=1) as second,
    ):
        assert not dead.exists()
        assert living.folder.exists()
        assert second.folder.exists()
        assert other.exists()
