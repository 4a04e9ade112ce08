"""Which worker runs which tests: a file's, or a package's, are one worker's."""

from typing import Final

from xdist.scheduler import LoadFileScheduling

_TOGETHER: Final = ("tests/docs/", "tests/fleet/")
"""Packages whose tests share what takes seconds to start, once for each worker that runs some."""


class Scheduling(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """As `--dist loadfile` does it, but for those packages."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((package for package in _TOGETHER if file.startswith(package)), file)
