"""The threat model names tests, and they exist."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from shared_schema.audio import BYTES_PER_SECOND
from transcription.audio.reader import MAX_SAMPLES_PER_SECOND
from transcription.audio.worker import CPU_SECONDS, LEAST_CPU_SECONDS, MAX_MEMORY_BYTES
from transcription.identity.jwks import MAX_AGE_SECONDS
from transcription.process.logs import STRANGERS_PER_MINUTE
from transcription.settings import Settings
from ws_bridge.refusals import LATELY_SECONDS, REMEMBERED_SECONDS
from ws_bridge.session import SLOWEST_FACTOR, WALL_FACTOR
from ws_bridge.token_bucket import BACKLOG_RATE, BURST_BYTES, RATE

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


def _default(name: str) -> object:
    return Settings.model_fields[name].default


FIGURES: Final = {
    "A key set older than ten minutes": (MAX_AGE_SECONDS, 600),
    "the handshake and `start` have 5 s each": (_default("bridge_start_timeout_seconds"), 5),
    "a request head has 10 s": (_default("functions_head_seconds"), 10),
    "write 60 lines a minute": (STRANGERS_PER_MINUTE, 60),
    "before the provider is called, for ten minutes": (LATELY_SECONDS, 600),
    "a lasting refusal is repeated for up to a minute": (REMEMBERED_SECONDS, 60),
    "at most eight sessions at once": (_default("bridge_max_opening_per_user"), 8),
    "at most 1.5 times its granted seconds": (WALL_FACTOR, 1.5),
    "granted seconds and 60 s, and audio": (_default("bridge_slack_seconds"), 60),
    "at most three times its length": (SLOWEST_FACTOR, 3),
    "After the first two seconds of audio": (BURST_BYTES, 2 * BYTES_PER_SECOND),
    "is read at twice real time": (RATE, 2),
    "four times for a backlog": (BACKLOG_RATE, 4),
    "384 MiB, two to six seconds of CPU": (
        (MAX_MEMORY_BYTES, LEAST_CPU_SECONDS, CPU_SECONDS),
        (384 * 1024**2, 2, 6),
    ),
    "More than 384,000 samples per second": (MAX_SAMPLES_PER_SECOND, 384_000),
    "a minute by default": (_default("direct_mode_secret_seconds"), 60),
}


@pytest.mark.parametrize("said", FIGURES)
def test_the_figures_are_those_of_the_code(said: str) -> None:
    """The tests that are named take their limits from the code; what is told is the same."""
    used, told = FIGURES[said]
    assert used == told
    assert said in DOCUMENT.read_text()
