"""The Edge Function's modules, as files."""

import re
from graphlib import TopologicalSorter

import pytest

from tests.contract.deno import ROOT

SHARED = ROOT / "supabase" / "functions" / "_shared"
_IMPORTED = re.compile(r'from "\./([\w/]+)\.ts"')


def test_no_module_imports_itself_by_a_circle() -> None:
    """Imports go one way, those of types counted."""
    graph = {path.stem: set(_IMPORTED.findall(path.read_text())) for path in SHARED.glob("*.ts")}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph) > 30


@pytest.mark.parametrize(
    "name",
    [
        *("account", "clone", "event_stream", "idempotency", "multipart", "problem"),
        *("public_config", "storage", "transcriber", "transcriptions", "voice_table", "voices"),
    ],
)
def test_what_both_services_have_has_one_name(name: str) -> None:
    """Who knows a file of the one service finds the same part in the other."""
    assert (SHARED / f"{name}.ts").exists()
    assert (ROOT / "edge_functions" / f"{name}.py").exists()
