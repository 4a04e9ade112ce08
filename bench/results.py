"""Results in a file."""

import json
from pathlib import Path
from typing import Any


def write(path: Path, whole: Any) -> None:
    """Write `whole` as JSON, every float to three digits: the rest is noise."""
    path.write_text(json.dumps(_rounded(whole), indent=1, ensure_ascii=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value
