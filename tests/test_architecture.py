"""Imports run one way."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
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


def _modules() -> dict[str, Path]:
    """Return every module of every package, by name."""
    named = {}
    for package in MAY_IMPORT:
        for file in _files(package):
            parts = file.relative_to(ROOT).with_suffix("").parts
            named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


def _imported(file: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of ours that a file imports, those for types alone as well."""
    package = file.relative_to(ROOT).parent.parts
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join((*above, *filter(None, [node.module])))
            named = {f"{whole}.{name.name}" for name in node.names}
            found |= {name if name in modules else whole for name in named}
    return {name for name in found if name in modules}


def _circle(arrows: dict[str, set[str]]) -> list[str]:
    """Return a circle of arrows; an empty list where there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_module_imports_itself_in_the_end() -> None:
    """No chain of imports leads back to where it began, type-only imports counted."""
    modules = _modules()
    arrows = {name: _imported(file, modules) - {name} for name, file in modules.items()}
    assert sum(map(len, arrows.values())) > 500
    assert _circle(arrows) == []


def test_no_room_of_the_domain_imports_itself_in_the_end() -> None:
    """The rooms of the domain stand on floors: each imports only those below its own."""
    modules = _modules()
    arrows: dict[str, set[str]] = {}
    for name, file in modules.items():
        if name.startswith("transcription."):
            rooms = {
                ".".join(other.split(".")[:2])
                for other in _imported(file, modules)
                if other.startswith("transcription.")
            }
            room = ".".join(name.split(".")[:2])
            arrows.setdefault(room, set()).update(rooms - {room})
    assert _circle(arrows) == []
    assert {"transcription.settings", "transcription.providers"} <= arrows.keys()
    assert arrows["transcription.settings"] == {"transcription.pasted"}


def test_settings_end_where_providers_are_bound() -> None:
    """A provider is given addresses, keys and limits; the registry alone reads them in settings."""
    modules = _modules()
    knowing = {
        name
        for name, file in modules.items()
        if name.startswith("transcription.providers.")
        and any(each.startswith("transcription.settings") for each in _imported(file, modules))
    }
    assert knowing == {"transcription.providers.registry"}


@pytest.mark.parametrize(
    ("arrows", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"a"}}, ["a", "b", "a"]),
    ],
)
def test_a_circle_is_found(arrows: dict[str, set[str]], circle: list[str]) -> None:
    """The law above can be broken."""
    assert sorted(set(_circle(arrows))) == sorted(set(circle))


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
    for name in ("session", "effects", "token_bucket", "watchdog", "messages"):
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
