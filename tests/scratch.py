"""Where tests write: into memory, where a machine has enough of it.

Tests make files by the hundred thousand: each database is a thousand of them. On a disk each one
may cost half a millisecond of CPU, in memory it costs a hundredth of that.

`python -m tests.scratch` makes a folder for the program that calls it, and prints its path.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import psutil

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of one's own is made in it
_PREFIX: Final = "utter-tests-"
_NEEDED: Final = 6 * 1024**3
"""Bytes. A whole run leaves a quarter of it, and programs need memory too."""


def folder(owner: int) -> Path | None:
    """Make a folder in memory; None where there is too little, or no program may lie in it.

    The next call removes what a process has left: `owner`, by its id, is who removes this one.
    """
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return None
    if os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return None
    if min(shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available) < _NEEDED:
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*"):
        if not psutil.pid_exists(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{owner}-", dir=_MEMORY))


if __name__ == "__main__":
    print(folder(os.getppid()) or "")  # noqa: T201 - it is a command
