"""Files of callers, on disk for as long as they are worked on.

When every place is taken, the slowest of those that still arrive gives way, so that bodies that
trickle do not keep honest uploads out.
"""

import asyncio
import errno
import fcntl
import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Self

import structlog

from transcription.errors import Capacity, PayloadTooLarge
from transcription.process.addresses import network_of

PREFIX: Final = "utter-uploads-"
RETRY_AFTER_SECONDS: Final = 2.0
_LOCK: Final = "lock"
SPARED_SECONDS: Final = 3.0
"""An upload that began less than this ago does not give way."""
_PIECE_BYTES: Final = 256 * 1024
"""Written at once: a thread is asked for each piece."""

_log = structlog.get_logger(__name__)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Tell of a disk that is full.

    Raises:
        Capacity: it is.
    """
    try:
        yield
    except OSError as error:
        _log.exception("upload_not_written")
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Capacity(retry_after=RETRY_AFTER_SECONDS) from None
        raise


class Upload:
    """One file; made by `Uploads.place`."""

    def __init__(self, path: Path, *, max_bytes: int, network: str = "") -> None:
        self.path = path
        self.network = network
        """Where it comes from; see `network_of`."""
        self.began = asyncio.get_running_loop().time()
        self._arriving: asyncio.Timeout | None = None
        self.copy = path.with_suffix(".wav")
        """Where a copy may lie beside it, which is removed with it."""
        self.size = 0
        self._max_bytes = max_bytes
        self._file: BinaryIO | None = None
        self._waiting = bytearray()
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of what was written, as hexadecimal digits."""
        return self._digest.hexdigest()

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[None]:
        """Receive the body within this block, which ends early if the upload gives way.

        Raises:
            Capacity: it gave way to another one.
        """
        scope = self._arriving = asyncio.timeout(None)
        try:
            async with scope:
                yield
        except TimeoutError:
            if scope.expired():
                raise Capacity(retry_after=RETRY_AFTER_SECONDS) from None
            raise
        finally:
            self._arriving = None

    def may_give_way(self, now: float) -> bool:
        """Whether its body is still arriving, and not since a moment ago."""
        return self._arriving is not None and now - self.began >= SPARED_SECONDS

    def give_way(self, now: float) -> None:
        """End its `arriving` block."""
        if self._arriving is not None:
            self._arriving.reschedule(now)
            self._arriving = None

    async def write(self, data: bytes) -> None:
        """Add to the file.

        Raises:
            PayloadTooLarge: it would be larger than a file may be; nothing more is written.
            Capacity: the disk is full.
        """
        self.size += len(data)
        if self.size > self._max_bytes:
            raise PayloadTooLarge(f"The file is larger than {self._max_bytes:,} bytes.")
        self._waiting += data
        if len(self._waiting) >= _PIECE_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """Say that the file is whole.

        Raises:
            Capacity: the disk is full.
        """
        await self._flush()
        self.close()

    def close(self) -> None:
        """Write nothing more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _flush(self) -> None:
        piece, self._waiting = bytes(self._waiting), bytearray()
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, piece))
        try:
            with disk_errors():
                await asyncio.shield(writing)
        except asyncio.CancelledError:
            # The file is closed next, which must not happen under the thread's hands.
            await asyncio.wait({writing})
            raise

    def _write(self, piece: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("xb", buffering=0)
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._digest.update(piece)


class Uploads:
    """A folder of this process's own, which ends with it; a context manager.

    What a killed process left is removed by the next one.

    Args:
        folder: Where the folder is made; the system's temporary folder when None.
        max_open: Files at once.
        per_user: Of those, the most of one user.
        per_network: Of those, the most from one network; see `network_of`.
        max_bytes: Of one file.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        max_open: int,
        max_bytes: int,
        per_user: int | None = None,
        per_network: int | None = None,
    ) -> None:
        self._parent = Path(folder if folder is not None else tempfile.gettempdir())
        self._max_open = max_open
        self._per_user = per_user or max_open
        self._per_network = per_network or max_open
        self._held: Counter[tuple[str, str]] = Counter()
        self._max_bytes = max_bytes
        self._open: list[Upload] = []
        self._made = 0
        self.folder = self._parent
        self._lock: BinaryIO

    def __enter__(self) -> Self:
        """Make the folder."""
        self._remove_those_of_the_dead()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
        self._lock = (self.folder / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        """Remove it, with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def __len__(self) -> int:
        """How many files there are."""
        return len(self._open)

    @contextmanager
    def place(self, user_id: str = "", address: str | None = None) -> Iterator[Upload]:
        """Give a place for a file, which is removed when the block ends.

        Args:
            user_id: Whose file it is.
            address: The IP address that it comes from.

        Raises:
            Capacity: there is none, or too many are the user's or the address's.
        """
        user, network = ("user", user_id), ("network", network_of(address) or "")
        if (
            self._held[user] >= self._per_user
            or self._held[network] >= self._per_network
            or not (len(self._open) < self._max_open or self._make_room(network[1]))
        ):
            raise Capacity(retry_after=RETRY_AFTER_SECONDS)
        self._held.update((user, network))
        self._made += 1
        path = self.folder / str(self._made)
        upload = Upload(path, max_bytes=self._max_bytes, network=network[1])
        self._open.append(upload)
        try:
            yield upload
        finally:
            upload.close()
            upload.path.unlink(missing_ok=True)
            upload.copy.unlink(missing_ok=True)
            if upload in self._open:
                self._open.remove(upload)
            self._held -= Counter((user, network))

    def _make_room(self, newcomer: str) -> bool:
        """Let an upload give way to one from the network `newcomer`, if there is one that may.

        It is the slowest of the network that has the most places, which must be more than the
        newcomer's has: one network cannot push out those of others.
        """
        now = asyncio.get_running_loop().time()
        candidates = [upload for upload in self._open if upload.may_give_way(now)]
        if not candidates:
            return False

        def places_and_slowness(upload: Upload) -> tuple[int, float]:
            return self._held["network", upload.network], -upload.size / (now - upload.began)

        slowest = max(candidates, key=places_and_slowness)
        if self._held["network", slowest.network] <= self._held["network", newcomer]:
            return False
        self._open.remove(slowest)
        slowest.give_way(now)
        return True

    def _remove_those_of_the_dead(self) -> None:
        for folder in self._parent.glob(f"{PREFIX}*"):
            try:
                with (folder / _LOCK).open("rb") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                continue  # its process lives, or it is none of ours
