"""The threat model names tests, and they exist."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
DOCUMENT: Final = ROOT / "docs" / "threat-model.md"
LINKS: Final = re.findall(r"\[(\w+)\]\((\.\./tests/[\w/]+\.py)\)", DOCUMENT.read_text())
PAGE_LINKS: Final = re.findall(
    r"\[([^\]]+)\]\((\.\./frontend/[\w/-]+\.test\.tsx?)\)", DOCUMENT.read_text()
)


def named_in(file: Path) -> set[str]:
    """Return the tests of a file: functions, and state machines that were given a name."""
    names = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names.add(node.targets[0].id)
    return {name for name in names if name.startswith(("test_", "Test"))}


@pytest.mark.parametrize(("test", "file"), LINKS, ids=[test for test, _ in LINKS])
def test_what_is_named_is_there(test: str, file: str) -> None:
    """Each test that is said to show something is in the file that is named."""
    assert test in named_in((DOCUMENT.parent / file).resolve())


@pytest.mark.parametrize(("test", "file"), PAGE_LINKS, ids=[test for test, _ in PAGE_LINKS])
def test_what_is_named_of_the_page_is_there(test: str, file: str) -> None:
    """Each of the page's tests that is said to show something is in the file that is named."""
    assert f'test("{test}", ' in (DOCUMENT.parent / file).resolve().read_text()


def test_every_attack_that_is_tried_is_named() -> None:
    """No test of this folder is left out of the model, or nobody would miss it."""
    here = Path(__file__).parent
    known = {"test_threat_model.py", "test_audit.py"}
    tried = {
        name
        for file in here.glob("test_*.py")
        if file.name not in known
        for name in named_in(file)
        if not name.startswith(("test_the_", "test_a_secret_would"))
    }
    assert tried <= {test for test, _ in LINKS}


def test_every_line_has_its_test() -> None:
    """A line of a table that nothing shows is a hope."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]
    threats = [line for line in lines if not line.startswith("| They want to ")]
    assert len(threats) > 25
    named = ("](../tests/", "](../frontend/")
    assert [line for line in threats if not any(link in line for link in named)] == []
