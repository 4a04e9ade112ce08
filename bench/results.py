"""Figures in files, in a folder that git ignores: `bench/README.md` shows what counts."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("figures")


def write(path: Path, whole: Any) -> None:
    """Write `whole` as JSON, with three digits for every float: more would be noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(whole), indent=1, ensure_ascii=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
