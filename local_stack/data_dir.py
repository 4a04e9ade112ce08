"""The folder that keeps everything between runs, for one running stack at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.errors import DataDirBusyError


class DataDir:
    """Paths below one folder that only its owner may read.

    Args:
        root: The folder; created with mode 0700 when it is first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.env = self.root / "env"
        self.api_keys = self.root / "api_keys.json"
        self.signing_keys = self.root / "signing_keys.json"
        self.postgres = self.root / "postgres"
        self.storage = self.root / "storage"
        self._lock = self.root / "lock"

    def create(self) -> None:
        """Make the folder, readable by its owner alone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises:
            DataDirBusyError: Another process holds it.
        """
        self.create()
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise DataDirBusyError(self.root, lock.read().strip()) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def reset(self) -> None:
        """Delete what the stack has written; what others keep in the folder stays.

        Raises:
            DataDirBusyError: A stack is running on it.
        """
        if not self.root.exists():
            return
        with self.locked():
            for folder in (self.postgres, self.storage):
                if folder.exists():
                    shutil.rmtree(folder)
            for file in (self.env, self.api_keys, self.signing_keys):
                file.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
