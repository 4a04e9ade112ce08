"""The workflows are linted, pinned, and call make as a person does."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.packaging.conftest import ROOT
from tests.packaging.test_wheel import PROJECT

BIN: Final = Path(sys.executable).parent
GITHUB: Final = ROOT / ".github"
WORKFLOWS: Final = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED: Final = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - tools of the lock
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in WORKFLOWS:
        yield from yaml.safe_load(file.read_text())["jobs"].items()


@pytest.mark.process
def test_zizmor_finds_nothing() -> None:
    """The security linter for workflows has no complaint, however small."""
    told = _run(BIN / "zizmor", "--offline", "--no-progress", "--persona", "pedantic", GITHUB)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.dependabot", [GITHUB / "dependabot.yml"]),
    ],
    ids=["workflows", "dependabot"],
)
def test_files_fit_their_schema(schema: str, files: list[Path]) -> None:
    """GitHub's files are what their published schemas allow."""
    assert files
    told = _run(BIN / "check-jsonschema", "--builtin-schema", schema, *files)
    assert told.returncode == 0, told.stdout + told.stderr


def test_actions_are_pinned() -> None:
    """Each action is named by its commit, and its version stands beside it."""
    uses = [
        line.strip().removeprefix("- ")
        for file in WORKFLOWS
        for line in file.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(uses) > 5
    assert [line for line in uses if not PINNED.match(line)] == []
    versions: dict[str, set[str]] = {}
    for line in uses:
        name, _, rest = line.removeprefix("uses: ").partition("@")
        versions.setdefault(name, set()).add(rest)
    assert [name for name, found in versions.items() if len(found) > 1] == []


def test_every_step_is_a_target_of_make() -> None:
    """A workflow runs nothing that a person could not run by make."""
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    runs = [step["run"] for _, job in _jobs() for step in job["steps"] if "run" in step]
    assert runs
    for run in runs:
        words = run.split()
        assert words[0] == "make", run
        assert words[1] in targets, run
    assert {run.split()[1] for run in runs} >= {"check", "test", "demo", "release"}


def test_jobs_hold_little() -> None:
    """A job reads the repository and no more, ends in an hour, and keeps no token on disk."""
    for name, job in _jobs():
        assert job["permissions"] == {"contents": "read"}, name
        assert job["timeout-minutes"] <= 60, name
        [checkout] = [one for one in job["steps"] if "actions/checkout" in one.get("uses", "")]
        assert checkout["with"]["persist-credentials"] is False, name


def test_every_python_is_tried() -> None:
    """The matrix holds the versions of Python that the package says it runs on."""
    said = {
        one.rpartition(" ")[2]
        for one in PROJECT["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", one)
    }
    jobs = dict(_jobs())
    for name in ("check", "test"):
        assert set(jobs[name]["strategy"]["matrix"]["python"]) == said
    assert "macos" in jobs["macos"]["runs-on"]


def test_hooks_of_commits_run_what_is_locked() -> None:
    """A hook before a commit fetches nothing: it runs the tools that the set-up installed."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [one["repo"] for one in hooks] == ["local"]
    for hook in hooks[0]["hooks"]:
        assert hook["language"] == "system"
        program = hook["entry"].split()[0]
        assert program == "sh" or (ROOT / program).exists(), program
