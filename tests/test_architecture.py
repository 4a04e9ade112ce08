"""Imports run one way."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "shared_schema": set(),
    "transcription": {"shared_schema"},
    "ws_bridge": {"transcription", "shared_schema"},
    "edge_functions": {"transcription", "shared_schema"},
    "utter_transcribe": {"shared_schema"},
    "local_stack": set(),
}
"""What each package may import of ours, besides itself."""
PURE = {"pydantic"}
"""What the contract may import besides the standard library."""


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imports(file: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a file imports, wherever in it, and the line."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*above, *filter(None, [node.module]))), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            for argument in node.args[:1]:
                assert isinstance(argument, ast.Constant), f"{file}:{node.lineno} hides a name"
                yield str(argument.value), node.lineno


def _top(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_what_it_may(package: str) -> None:
    """Services stand on the domain, the domain on the contract, and nothing looks back or aside."""
    ours = {*MAY_IMPORT, "tests", "bench", "chaos", "examples"}
    allowed = MAY_IMPORT[package] | {package}
    files = _files(package)
    assert files
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in files
        for module, line in _imports(file)
        if _top(module) in ours - allowed
    ]
    assert wrong == []


def test_the_contract_is_pure() -> None:
    """The contract needs the standard library and pydantic alone."""
    known = set(sys.stdlib_module_names) | PURE | {"shared_schema"}
    foreign = {
        module
        for file in _files("shared_schema")
        for module, _ in _imports(file)
        if _top(module) not in known
    }
    assert foreign == set()


def test_a_session_decides_without_io() -> None:
    """The session and what it is made of know no socket, no loop and no clock."""
    for name in ("session", "effects", "pace", "watch", "voice", "messages"):
        imported = {_top(module) for module, _ in _imports(ROOT / "ws_bridge" / f"{name}.py")}
        assert not imported & {"asyncio", "websockets", "time", "socket", "httpx"}, name


def test_the_name_of_supabase_is_free() -> None:
    """The folder of migrations holds no Python: it would stand before the package of that name."""
    assert list((ROOT / "supabase").rglob("*.py")) == []
    assert list((ROOT / "supabase").rglob("__init__*")) == []


def test_edge_functions_import_from_npm_alone() -> None:
    """What runs on Deno imports its own files, Node's modules and pinned packages of npm.

    No `package.json` stands beside or above it: Deno would take them from there.
    """
    functions = ROOT / "supabase" / "functions"
    above = (ROOT, functions.parent)
    assert [one for one in above if (one / "package.json").exists()] == []
    assert list(functions.rglob("package.json")) == []
    imports = json.loads((functions / "api" / "deno.json").read_text(encoding="utf-8"))["imports"]
    for package in imports.values():
        assert re.fullmatch(r"npm:(@[a-z-]+/)?[a-z-]+@\d+\.\d+\.\d+(/[a-z]+)?", package), package
    for file in functions.rglob("*.ts"):
        for module in re.findall(r'from "([^"]+)"', file.read_text(encoding="utf-8")):
            assert module.startswith(("./", "../", "node:")) or module in imports, (
                f"{file}: {module}"
            )


def test_edge_functions_stay_small() -> None:
    """A file of the Edge Functions holds one noun."""
    for file in (ROOT / "supabase" / "functions" / "_shared").glob("*.ts"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 260, file.name


def test_no_package_is_left_out() -> None:
    """Every package but the local stack is in the wheel, its type information beside it."""
    assert {hatch_build.HOME, *hatch_build.MOVED, "local_stack"} == set(MAY_IMPORT)
    for package in MAY_IMPORT:
        assert (ROOT / package / "py.typed").is_file()
