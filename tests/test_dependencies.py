"""What `uv.lock` installs on each Python."""

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).parent.parent / "uv.lock"
SEVERAL_VERSIONS: Final = {
    "pocketsphinx": "5.1.1 has no wheels for Python 3.12, and 5.0.4 has none for Linux on ARM",
}
"""Packages that cannot be the same for every Python, and why."""


def test_every_python_gets_the_same_versions() -> None:
    """A package has one version in the lock, so that all Pythons run what one was tested with."""
    versions = defaultdict(set)
    for package in tomllib.loads(LOCK.read_text())["package"]:
        versions[package["name"]].add(package["version"])
    assert {name for name, found in versions.items() if len(found) > 1} == set(SEVERAL_VERSIONS)
