"""A sentence that promises something has a test that tries to break it.

A sentence with one of the words below names its test by a link, or stands in `promises.toml` by a
part of it. Write a promise's test first; where there can be none, write a sentence that says less.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.security.test_threat_model import named_in

ROOT: Final = Path(__file__).parents[2]
PROMISES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    Path(__file__).with_name("promises.toml").read_text(encoding="utf-8")
)
FIRM: Final = re.compile(r"\b(?:never|always|exactly|guarantee\w*|impossible|for ever)\b", re.I)
TOTAL: Final = re.compile(
    rf"(?i:{FIRM.pattern}|\b(?:nothing|no one|nobody|cannot|at most)\b)|^\W*(?:No|Every)\b"
)
STRICT: Final = {"README.md", "SECURITY.md"} | {
    f"docs/{name}.md" for name in ("data", "direct-mode", "own-keys", "scale", "threat-model")
}
"""Where every absolute word counts."""
FOUND: Final = (*ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md"))
PAGES: Final = sorted(
    {"CONTRIBUTING.md", ".env.example", "frontend/README.md"}
    | STRICT
    | {str(one.relative_to(ROOT)) for one in FOUND}
)
"""What people read."""


def sentences(page: str) -> Iterator[str]:
    """Return the sentences of a page and the rows of its tables; blocks of code are none."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.) )", text):
        line = " ".join(block.split())
        ends = r"$" if line.startswith("|") else r"(?<=[.!?:*])\s+(?=[A-Z`\[])"
        yield from re.split(ends, line)


@pytest.mark.parametrize("page", PAGES)
def test_a_promise_has_a_test(page: str) -> None:
    """A sentence that says never, always, exactly and the like names the test that shows it."""
    words = TOTAL if page in STRICT else FIRM
    known = tuple(PROMISES.get(page, ()))
    bare = [
        one
        for one in sentences(page)
        if words.search(one)
        and not any(part in one for part in known)
        and not re.search(r"\]\(\.\./(?:tests|frontend)/", one)
    ]
    assert bare == []


LISTED: Final = [(page, part) for page, parts in PROMISES.items() for part in parts]


@pytest.mark.parametrize(("page", "part"), LISTED, ids=[part for _, part in LISTED])
def test_what_is_listed_is_there(page: str, part: str) -> None:
    """What is listed is a part of one sentence of its page, and its test exists."""
    assert sum(part in one for one in sentences(page)) == 1
    file, _, name = PROMISES[page][part].partition("::")
    if file.endswith(".py"):
        assert name in named_in(ROOT / file)
    else:
        assert f'test("{name}", ' in (ROOT / file).read_text(encoding="utf-8")
