"""Build hook: the wheel holds one top-level package, and the other packages inside it.

The repository's folders have plain names such as `transcription`, which would collide with other
people's modules. In the wheel `shared_schema` is `utter_transcribe.shared_schema`, and so on; the
import statements are rewritten to match.
"""

import ast
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HOME: Final = "utter_transcribe"
MOVED: Final = ("shared_schema", "transcription", "ws_bridge", "edge_functions")
"""Packages that the wheel holds inside `HOME`."""
LEFT_OUT: Final = ("__pycache__", "*.json")


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the rewritten packages into the wheel; an editable install uses the folders."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the packages as the wheel holds them, and name them to the builder."""
        if version == "editable":
            return
        self._written = Path(tempfile.mkdtemp(prefix="utter-wheel-"))
        for package in (HOME, *MOVED):
            inside = HOME if package == HOME else f"{HOME}/{package}"
            copy(Path(self.root, package), self._written / inside)
        # `utter-transcribe init` copies them into a project.
        shutil.copytree(
            Path(self.root, "supabase", "migrations"), self._written / HOME / "migrations"
        )
        build_data["force_include"][str(self._written / HOME)] = HOME

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what `initialize` wrote."""
        if version != "editable":
            shutil.rmtree(self._written)


def copy(source: Path, target: Path) -> None:
    """Copy a package and rewrite its imports."""
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for file in target.rglob("*.py"):
        file.write_text(rewritten(file.read_text(encoding="utf-8"), file), encoding="utf-8")


def rewritten(text: str, file: Path) -> str:
    """Return a module's source with its imports of the moved packages rewritten.

    Raises:
        ValueError: It says `import shared_schema`, which binds a name that the wheel cannot keep.
    """
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            if moved := [one.name for one in node.names if _is_moved(one.name)]:
                raise ValueError(f"{file}:{node.lineno}: write `from {moved[0]} import …`")
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _is_moved(node.module or ""):
            line, at = lines[node.lineno - 1], node.col_offset
            lines[node.lineno - 1] = line[:at] + line[at:].replace("from ", f"from {HOME}.", 1)
    return "".join(lines)


def _is_moved(module: str) -> bool:
    return module.partition(".")[0] in MOVED
