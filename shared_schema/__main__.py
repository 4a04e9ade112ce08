"""`python -m shared_schema`: write the contract's documents where their readers expect them."""

import json
import re
from pathlib import Path
from typing import Final

from shared_schema import export, reference

_ROOT = Path(__file__).resolve().parent.parent
COPIES: Final = (
    "lib/text",
    *("match/alignment", "match/alternatives", "match/coverage", "match/difference"),
    *("match/doubts", "match/likeness", "match/match", "match/numerals", "match/times"),
    "match/words",
)
"""Modules of the page that the Edge Functions have as well."""
_IMPORTED: Final = re.compile(r'(?<= from ")(\.[\w./]*)(?=";)')


def documents() -> dict[Path, str]:
    """Return each generated file, by its path, as it should read."""
    generated = _ROOT / "shared_schema" / "generated"
    pages = [_ROOT / "docs" / name for name in ("protocol.md", "files.md", "pairs.md")]
    deno = _ROOT / "supabase" / "functions" / "_shared" / "generated"
    return {
        generated / "protocol.schema.json": json.dumps(export.json_schema(), indent=2) + "\n",
        generated / "asyncapi.json": json.dumps(export.asyncapi(), indent=2) + "\n",
        _ROOT / "frontend" / "src" / "generated" / "constants.ts": export.typescript_constants(),
        _ROOT / "frontend" / "src" / "generated" / "files.ts": export.typescript_files(),
        _ROOT / "frontend" / "src" / "generated" / "spoken.ts": export.typescript_spoken(),
        _ROOT / "frontend" / "src" / "generated" / "levels.ts": export.typescript_levels(),
        **{page: reference.fill(page.read_text(encoding="utf-8")) for page in pages},
        deno / "constants.ts": export.typescript_constants(),
        deno / "files.ts": export.typescript_files(),
        deno / "languages.ts": export.typescript_languages(),
        deno / "bodies.ts": export.typescript_bodies(),
        deno / "spoken.ts": export.typescript_spoken(),
        **{deno / f"{name}.ts": _for_deno(name) for name in COPIES},
    }


def _for_deno(name: str) -> str:
    """Return a module of the page as Deno imports it: by the names of files, one folder down."""
    page = (_ROOT / "frontend" / "src" / f"{name}.ts").read_text(encoding="utf-8")
    return _IMPORTED.sub(r"\1.ts", page).replace('"../generated/', '"../')


def main() -> None:
    """Write every document."""
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
