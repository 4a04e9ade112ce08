r"""Text that people write: what is kept of it, and what is refused.

One rule for names, transcripts and words to expect, in Python, on Deno and in the page:

1. Characters that show nothing and mean nothing are dropped, and the rest is in NFC (UAX #15).
2. Line breaks are `\n`. In a line they are spaces, and so are tabs.
3. White space at both ends is dropped.
4. Control characters are refused, those of direction too, and more than 30 marks in a row.
5. Something that can be seen must be left of what is not empty.

Lengths count Unicode characters (code points) of the result, as JSON Schema and Postgres do.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler

Ranges = tuple[tuple[int, int], ...]

WHITE_SPACE: Final[Ranges] = (
    *((0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680)),
    *((0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
"""Unicode's property White_Space (PropList.txt)."""
DROPPED: Final[Ranges] = (
    *((0xAD, 0xAD), (0x200B, 0x200B), (0x2060, 0x2065), (0x206A, 0x206F), (0xFEFF, 0xFEFF)),
)
"""Soft hyphen, zero width space, word joiner, invisible operators, byte order mark."""
CONTROLS: Final[Ranges] = (
    *((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F)),
    *((0x202A, 0x202E), (0x2066, 0x2069), (0xFFF9, 0xFFFB)),
)
"""C0 and C1 without tab and line breaks; overrides and isolates of direction; annotations."""
UNSEEN: Final[Ranges] = (
    *((0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200C, 0x200F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Characters that belong between others and show nothing alone: joiners, fillers, selectors."""


MAX_MARKS: Final = 30
"""In a row, as in Unicode's Stream-Safe Text Format."""


def among(*ranges: Ranges, negated: bool = False) -> re.Pattern[str]:
    """Return a pattern of one character that is among these, or is not."""
    inside = "".join(rf"\U{a:08x}-\U{b:08x}" for group in ranges for a, b in group)
    return re.compile(f"[{'^' if negated else ''}{inside}]")


def characters(*ranges: Ranges) -> str:
    """Return all of these characters, as `str.strip` takes them."""
    return "".join(
        chr(one) for group in ranges for first, last in group for one in range(first, last + 1)
    )


_dropped, _control = among(DROPPED), among(CONTROLS)
_seen = among(WHITE_SPACE, UNSEEN, negated=True)
_space = characters(WHITE_SPACE)
_line_break, _not_in_a_line = re.compile("\r\n?"), re.compile("[\t\n\u2028\u2029]")


def trimmed(text: str) -> str:
    """Return a text without the white space at its ends."""
    return text.strip(_space)


def clean(text: str, *, in_a_line: bool = False) -> str:
    """Return what is kept of a text.

    Raises:
        ValueError: it holds a control character, too many marks in a row, or nothing that can
            be seen. The message says which, and nothing of the text.
    """
    kept = _dropped.sub("", text)
    if not kept.isascii():
        _check_marks(kept)
        kept = unicodedata.normalize("NFC", kept)
    kept = _line_break.sub("\n", kept)
    if in_a_line:
        kept = _not_in_a_line.sub(" ", kept)
    kept = trimmed(kept)
    if _control.search(kept):
        raise ValueError("holds a control character")
    if kept and not _seen.search(kept):
        raise ValueError("holds nothing that can be seen")
    return kept


def _check_marks(text: str) -> None:
    # To put a run of marks in order takes time that grows with its square (UAX #15, section 13).
    run = 0
    for one in text:
        run = run + 1 if unicodedata.category(one)[0] == "M" else 0
        if run > MAX_MARKS:
            raise ValueError("holds too many marks on one character")


@dataclass(frozen=True, slots=True)
class Text:
    """Annotates a `str` of a body that people write."""

    in_a_line: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Clean before the lengths are checked."""
        return BeforeValidator(self._cleaned).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(
        self, schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell other languages that the rule holds here."""
        return {**handler(schema), "x-text": "line" if self.in_a_line else "lines"}

    def _cleaned(self, value: Any) -> Any:
        return clean(value, in_a_line=self.in_a_line) if isinstance(value, str) else value
