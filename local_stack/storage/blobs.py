"""Bytes on disk. A blob never changes: an object's next content is another blob."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from local_stack.threads import finish


class Draft:
    """A blob that is being written.

    Attributes:
        size: Bytes so far.
        version: Its name, once it is kept.
    """

    def __init__(self, file: BinaryIO, target: Path) -> None:
        self._file = file
        self._target = target
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size = 0
        self.version = target.name

    @property
    def etag(self) -> str:
        """Quoted digest of the bytes, as S3 gives it."""
        return f'"{self._digest.hexdigest()}"'

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        if data:
            self.size += len(data)
            await finish(self._write, data)

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)

    async def keep(self) -> None:
        """Make it a blob: whole and on disk."""
        await finish(self._keep)

    def _keep(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        Path(self._file.name).replace(self._target)


class Blobs:
    """A folder of blobs, each named by its version.

    Args:
        root: The folder; made where it is missing.
    """

    def __init__(self, root: Path) -> None:
        self._kept = root / "blobs"
        self._drafts = root / "drafts"
        for folder in (root, self._kept, self._drafts):
            folder.mkdir(mode=0o700, exist_ok=True)

    def path(self, version: str) -> Path:
        """Where a blob is."""
        return self._kept / version

    @asynccontextmanager
    async def draft(self) -> AsyncIterator[Draft]:
        """Room for a new blob; nothing of it stays unless it is kept."""
        version = str(uuid.uuid4())
        place = self._drafts / version
        file = place.open("xb")
        try:
            yield Draft(file, self._kept / version)
        finally:
            await finish(_end_draft, file, place)

    async def remove(self, versions: Collection[str]) -> None:
        """Remove blobs; those that are gone already are passed over."""
        await finish(self._remove, versions)

    def _remove(self, versions: Collection[str]) -> None:
        for version in versions:
            self.path(version).unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> int:
        """Remove what a crash left: drafts, and blobs that no row names.

        Returns:
            How many files were removed.
        """
        lost = [path for path in self._kept.iterdir() if path.name not in known]
        lost += self._drafts.iterdir()
        for path in lost:
            path.unlink()
        return len(lost)


def _end_draft(file: BinaryIO, place: Path) -> None:
    file.close()
    place.unlink(missing_ok=True)
