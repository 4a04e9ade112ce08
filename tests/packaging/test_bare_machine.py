"""The demo runs where there is no Debian: no apt, no unshare, no program but POSIX's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.needs import SUITES, left_out
from tests.packaging.conftest import ROOT
from tests.ports import room

POSIX: Final = (
    "awk",
    "cat",
    "cp",
    "env",
    "find",
    "ls",
    "mkdir",
    "rm",
    "sed",
    "sh",
    "tail",
    "touch",
)
"""With Python, Node and make, all that the demo may call.

As root the demo also needs `unshare`, because Postgres refuses root.
"""
_SECONDS: Final = 170


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment whose path holds nothing but those programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (
        *POSIX,
        "make",
        "node",
        "npm",
        *(["unshare", "true"] if os.geteuid() == 0 else []),
    ):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(sys.executable)
    return {"PATH": str(folder), "HOME": str(tmp_path)}


def _run(
    command: tuple[str | Path, ...], cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_demo_runs(bare: dict[str, str], tmp_path: Path) -> None:
    """The demo hears the short sample live and as a file, stores it, and ends well."""
    folder = tmp_path / "work"
    folder.mkdir()
    sample = ROOT / "local_stack" / "samples" / "short.wav"
    command = Path(sys.executable).parent / "utter-transcribe"
    arguments = ("demo", "--once", "--ports", str(room()), "--sample", str(sample))
    told = _run((command, *arguments), folder, bare)
    assert told.returncode == 0, told.stdout + told.stderr
    assert json.loads(told.stdout.splitlines()[-1])["status"] == "complete"


@pytest.mark.process
def test_making_the_demo_needs_no_debian(bare: dict[str, str]) -> None:
    """No step of `make demo`, set-up included, names a program that only Debian or GNU has."""
    make = shutil.which("make", path=bare["PATH"])
    assert make
    told = _run((make, "--dry-run", "--always-make", "demo"), ROOT, bare)
    assert told.returncode == 0, told.stderr
    assert "utter-transcribe demo" in told.stdout
    assert not re.findall(r"\b(?:apt|apt-get|dpkg|scripts/\S+|/proc|unshare)\b", told.stdout)
    assert not re.findall(r"\bsed -i|\breadlink -f|\bdate -d|\bcp --|\bmktemp --", told.stdout)


@pytest.mark.process
def test_suites_that_are_left_out_are_named(bare: dict[str, str]) -> None:
    """Where curl cannot be had, the suites that need it are named, and the others are run."""
    suites = ("tests/docs/test_examples.py", "tests/deploy/test_dockerfile.py")
    pytest_ = Path(sys.executable).parent / "pytest"
    told = _run((pytest_, "-q", "-p", "no:cacheprovider", "--co", *suites), ROOT, bare)
    assert told.returncode == 0, told.stdout + told.stderr
    collected, _, named = told.stdout.partition("left out: ")
    assert "test_dockerfile.py" in collected
    assert "test_examples.py" not in collected
    for suite in SUITES["curl"]:
        assert f"left out: {suite} (this machine has no " in "left out: " + named


@pytest.mark.process
def test_scripts_say_what_is_left_out(bare: dict[str, str]) -> None:
    """A package that cannot be installed is named with what needs it; the status tells it apart."""
    told = _run(("scripts/package.sh", "frontend/e2e", "no-such-program"), ROOT, bare)
    assert told.returncode == 3
    assert told.stderr == "left out: frontend/e2e (this machine has no no-such-program)\n"


def test_a_machine_with_apt_leaves_nothing_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where packages can be installed, a suite that lacks its program fails instead."""
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert left_out() == {}


def test_every_suite_is_there() -> None:
    """What the table names exists."""
    for suites in SUITES.values():
        for suite in suites:
            assert (ROOT / suite).exists(), suite
