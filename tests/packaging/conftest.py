"""The wheel, built once, and an environment with nothing but it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
UV: Final = ROOT / ".tools" / "bin" / "uv"
_SECONDS: Final = 240


def uv(*arguments: str | Path) -> str:
    """Run uv in the project's folder and return what it printed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("VIRTUAL_ENV")
    }
    done = subprocess.run(  # noqa: S603 - the project's own tool
        (UV, "--quiet", *arguments),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees nothing of this checkout.

    Attributes:
        folder: Where it is; commands run there.
    """

    folder: Path

    @property
    def bin(self) -> Path:
        """Its programs."""
        return self.folder / "bin"

    @property
    def site_packages(self) -> Path:
        """Where it keeps what is installed."""
        [found] = (self.folder / "lib").glob("python*/site-packages")
        return found

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs to its end."""
        return subprocess.run(  # noqa: S603 - its own programs
            (self.bin / command[0], *command[1:]),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "COLUMNS": "80"}
            | environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


@dataclass(frozen=True)
class Built:
    """What `uv build` made.

    Attributes:
        wheel: Built from the sdist.
        sdist: Of this checkout.
        constraints: The versions of the lock.
    """

    wheel: Path
    sdist: Path
    constraints: Path

    def environment(self, folder: Path, extra: str = "") -> Environment:
        """Return a new environment with the wheel installed.

        Args:
            folder: Does not exist yet.
            extra: Of the wheel, in brackets.
        """
        uv("venv", "--python", getattr(sys, "_base_executable", sys.executable), folder)
        python = folder / "bin" / "python"
        wanted = f"{self.wheel}{extra}"
        uv("pip", "install", "--python", python, "--constraints", self.constraints, wanted)
        return Environment(folder)


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist, and the wheel that is built from it alone."""
    folder = tmp_path_factory.mktemp("dist")
    constraints = folder / "constraints.txt"
    locked = uv("export", "--frozen", "--all-extras", "--no-emit-project", "--no-hashes")
    constraints.write_text(locked)
    uv("build", "--out-dir", folder)
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist, constraints)


@pytest.fixture(scope="package")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which nothing but the wheel was asked for."""
    return built.environment(tmp_path_factory.mktemp("installed") / "venv")
