"""Both services are asked the same, and what differs is told."""

import re
import subprocess
import sys
from typing import Any

import pytest

from tests.contract import test_differences, test_settings
from tests.contract.deno import ROOT
from tests.contract.differences import DIFFERENCES
from tests.contract.world import TARGETS, target_of

ELSEWHERE = {
    "padding": "test_padding_counts",
    "lost connection": "test_a_lost_connection",
    "several large files": "test_several_large_files",
    "a checked text": "test_voice_is_known_where_sound_is_decoded",
    "no live words": "test_there_are_no_live_words",
    "other ways to a provider": "test_other_ways_to_a_provider",
    "only the contract": "test_only_the_contract",
}
"""Differences that have a test of their own."""


@pytest.mark.process
def test_every_target_is_asked_the_same() -> None:
    """Each case is asked of every target, so that no service can drift from the other."""
    listed = subprocess.run(
        (sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/contract"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=170,
    ).stdout.splitlines()
    first, *others = (
        {line.replace(name, "*", 1) for line in listed if target_of(line) == name}
        for name in TARGETS
    )
    assert len(first) > 300
    for other in others:
        assert other == first


def test_every_difference_is_shown() -> None:
    """No difference is declared that no test shows."""
    shown = {*test_differences.FILES, *ELSEWHERE}
    assert {one.name for one in DIFFERENCES} == shown
    assert all(
        hasattr(test_differences, test) or hasattr(test_settings, test)
        for test in ELSEWHERE.values()
    )


def test_the_docs_tell_every_difference() -> None:
    """The page on Edge Functions has a row for each difference, in its words, and no other."""
    text = (ROOT / "docs" / "edge-functions.md").read_text(encoding="utf-8")
    table: Any = re.search(r"\n\| case \|.*?\n\n", text, re.DOTALL)
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in table[0].strip().splitlines()[2:]
    ]
    assert rows == [(one.name, one.fastapi, one.deno, one.why) for one in DIFFERENCES]
