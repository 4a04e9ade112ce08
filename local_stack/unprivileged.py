"""A way to run a program as another user than root, which Postgres requires."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import PostgresError

NOBODY = 65534
PROBE_SECONDS = 10


@dataclass(frozen=True)
class Unprivileged:
    """How to start a program that refuses root.

    Attributes:
        prefix: Put before the program's own command line.
        uid: Who must own the files that the program calls its own.
    """

    prefix: tuple[str, ...]
    uid: int

    def own(self, folder: Path) -> None:
        """Give a folder and all that is in it to the program's user, where it is another's."""
        if folder.stat().st_uid == self.uid:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, -1, follow_symlinks=False)

    def starts(self, program: Path) -> bool:
        """Whether a program can be started that way here."""
        return self._reaches(program) and (not self.prefix or self._works())

    def _reaches(self, program: Path) -> bool:
        """Whether the user may enter every folder above a program.

        The kept capability does not help here: Postgres asks by access(2), which ignores it.
        """
        if self.uid in {0, os.geteuid()}:
            return True
        above = [folder.stat() for folder in program.resolve().parents]
        return all(found.st_mode & stat.S_IXOTH or found.st_uid == self.uid for found in above)

    def _works(self) -> bool:
        if shutil.which(self.prefix[0]) is None:
            return False
        done = subprocess.run(  # noqa: S603
            [*self.prefix, "true"], capture_output=True, check=False, timeout=PROBE_SECONDS
        )
        return done.returncode == 0


def candidates() -> Iterator[Unprivileged]:
    """The ways for the present user, the plainest first.

    Root can enter a user namespace in which it is another user. Where those are forbidden (in
    most containers) it can become `nobody` and keep the one capability to reach its own files.
    """
    if os.geteuid() != 0:
        yield Unprivileged((), os.geteuid())
        return
    yield Unprivileged(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"), 0)
    yield Unprivileged(
        (
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "--",
        ),
        NOBODY,
    )


def find(program: Path) -> Unprivileged:
    """The first way that starts a program here.

    Raises:
        PostgresError: None does.
    """
    for way in candidates():
        if way.starts(program):
            return way
    raise PostgresError(
        "Postgres refuses to run as root, user namespaces are forbidden here, and another user"
        f" cannot start {program}: start local_stack as another user, or install it where others"
        " may enter"
    )
