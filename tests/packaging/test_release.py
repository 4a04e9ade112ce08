"""What a release says about itself agrees, wherever it is said."""

import json
import re
import tomllib
from typing import Final

from tests.packaging.conftest import ROOT
from tests.packaging.test_wheel import PROJECT

CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text()


def test_one_version() -> None:
    """The wheel, the npm package, both locks and the changelog's newest release agree."""
    version = PROJECT["version"]
    package = json.loads((ROOT / "frontend" / "package.json").read_text())
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    [locked] = [
        one["version"]
        for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
        if one["name"] == PROJECT["name"]
    ]
    newest = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d{2}-\d{2}$", CHANGELOG, re.M)[0]
    told = {package["version"], lock["version"], lock["packages"][""]["version"], locked, newest}
    assert told == {version}


def test_the_changelog_is_kept() -> None:
    """What is not released yet has a place, above all releases."""
    headings = re.findall(r"^## \[([^\]]+)\]", CHANGELOG, re.M)
    assert headings[0] == "Unreleased"
    assert len(headings) == len(set(headings))


def test_nothing_is_published() -> None:
    """No target of make and no workflow publishes: a person does (docs/releasing.md)."""
    for file in (ROOT / "Makefile", *(ROOT / ".github" / "workflows").glob("*.yml")):
        text = file.read_text()
        assert not re.search(r"\b(?:uv|npm|twine)\b[^\n]*\b(?:publish|upload)\b", text), file.name
